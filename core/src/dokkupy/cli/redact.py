"""A command line as records have it: in the audit, in locks, in an error's report."""

from __future__ import annotations

import os

from dokkupy.cli.declare import Command, Scope, parameters
from dokkupy.host import Host
from dokkupy.model.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.cli.declare import Parameter

HIDDEN = "***"


def redacted(host: Host, command: Command, words: list[str]) -> str:
    """The command line without secrets. Of a command with secrets only the words are kept that cannot be one: flags,
    keys of KEY=VALUE, arguments before the list of secrets, and of an app's name only one that exists: who forgets KEY=
    or the app types the value in its place."""
    if command.secret_args is True:
        return " ".join([command.full_name, *named(host, parameters(command.function), words)])
    secret_from = command.secret_args if type(command.secret_args) is int and command.secret_args else len(words)
    shown = (
        HIDDEN
        if number >= secret_from
        else key_of(word)
        if command.secret_args and "=" in word
        else without_login(word)
        for number, word in enumerate(words)
    )
    return " ".join([command.full_name, *shown])


def named(host: Host, declared: list[Parameter], words: list[str]) -> list[str]:
    arguments = iter([item for item in declared if item.kind in ("argument", "scope") and not item.many])
    flags = {flag for item in declared for flag in item.flags} | {"--app", "--global", "--all", "--dry-run"}
    shown = []
    for word in words:
        if word in flags:
            shown.append(word)
        elif "=" in word:
            shown.append(key_of(word))
        else:
            item = next(arguments, None)
            shown.append(without_login(word) if item and is_shown(host, item, word) else HIDDEN)
    return shown


def is_shown(host: Host, item: Parameter, word: str) -> bool:
    is_app = item.kind == "scope" or item.convert in (AppName, Scope)
    return not is_app or ("/" not in word and os.path.isdir(host.path("apps", word)))


def key_of(word: str) -> str:
    """KEY of KEY=VALUE; nothing of a word whose part before the `=` is no key, or which may be base64 with its padding."""
    key, _, value = word.partition("=")
    is_key = key.lstrip("-").replace("-", "_").isidentifier() and (value.strip("=") or key == key.upper())
    return f"{key}={HIDDEN}" if is_key else HIDDEN


def without_login(word: str) -> str:
    """A URL without its user and password (`git:sync APP https://user:token@host/...`)."""
    scheme, mark, rest = word.partition("://")
    place, slash, path = rest.partition("/")
    shown = f"{scheme}{mark}***@{place.rpartition('@')[2]}{slash}{path}" if mark and "@" in place else word
    return shown[:200]
