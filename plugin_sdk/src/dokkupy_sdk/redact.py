"""The redacted command line, for the audit, locks and error reports."""

from __future__ import annotations

import os

from dokkupy.cli.declare import Command, Scope, parameters
from dokkupy.model.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy.cli.declare import Parameter

__all__ = ["redacted"]

HIDDEN = "***"
COMMON = {"--app", "--global", "--all", "--dry-run", "--verbose"}


def redacted(root: str, command: Command, words: Sequence[str]) -> str:
    """The command line without secrets. Of a command that takes secrets, only what cannot be one is kept: flags, keys of
    KEY=VALUE, arguments before the secrets, and the name of an app that exists. A user who forgets KEY= or the app types
    a secret in its place."""
    if command.secret_args is True:
        return " ".join([command.recorded_as, *named(root, parameters(command.function), words)])
    secret_from = command.secret_args if type(command.secret_args) is int and command.secret_args else len(words)
    shown = (
        HIDDEN
        if number >= secret_from
        else key_of(word)
        if command.secret_args and "=" in word
        else without_login(word)
        for number, word in enumerate(words)
    )
    return " ".join([command.recorded_as, *shown])


def named(root: str, declared: list[Parameter], words: Sequence[str]) -> list[str]:
    arguments = iter([item for item in declared if item.kind in ("argument", "scope") and not item.many])
    flags = {flag for item in declared for flag in item.flags} | COMMON
    shown = []
    for word in words:
        if word in flags:
            shown.append(word)
        elif "=" in word:
            shown.append(key_of(word))
        else:
            item = next(arguments, None)
            shown.append(without_login(word) if item and is_shown(root, item, word) else HIDDEN)
    return shown


def is_shown(root: str, item: Parameter, word: str) -> bool:
    is_app = item.kind == "scope" or item.convert in (AppName, Scope)
    return not is_app or ("/" not in word and os.path.isdir(os.path.join(root, "apps", word)))


def key_of(word: str) -> str:
    """KEY of KEY=VALUE. Empty if the part before the `=` is not a key, or may be base64 before its padding."""
    key, _, value = word.partition("=")
    is_key = key.lstrip("-").replace("-", "_").isidentifier() and (value.strip("=") or key == key.upper())
    return f"{key}={HIDDEN}" if is_key else HIDDEN


def without_login(word: str) -> str:
    """A URL without its user and password (`git:sync APP https://user:token@host/...`)."""
    scheme, mark, rest = word.partition("://")
    place, slash, path = rest.partition("/")
    shown = f"{scheme}{mark}***@{place.rpartition('@')[2]}{slash}{path}" if mark and "@" in place else word
    return shown[:200]
