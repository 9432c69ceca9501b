"""What was meant by a mistyped word of a command line: the one that Tab would have offered in its place.

`correct` is the entry point `dokkupy.corrections` that core calls with an error before it is shown.
"""

from __future__ import annotations

import sys

from dokkupy.cli.declare import Command
from dokkupy.cli.main import resolve, split_globals
from dokkupy.cli.parse import takes_app
from dokkupy.errors import Conflict, UserError
from dokkupy.host import Host
from dokkupy.model.names import AppName

from dokkupy_sdk.completion import at_cursor, flags_of, info_flags, offered, options_of, places_of
from dokkupy_sdk.spelling import did_you_mean, likely

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

REMOVES = frozenset(
    (
        *("clear", "delete", "destroy", "import", "prune", "purge", "remove", "reset", "restore", "revert", "rollback"),
        *("uninstall", "unlink", "unmount", "unset"),
    )
)
"""First words of the verbs that remove or replace something. Such a command is never offered to run at once."""

PATIENCE = 60
"""Seconds to wait for a person's answer."""


def correct(host: Host, typed: list[str], error: BaseException) -> list[str]:
    """Add "Did you mean ...?" to the error's hint. For a mistyped command, ask a person at a terminal, and return the
    line to run instead."""
    if isinstance(error, Conflict) or not isinstance(error, UserError):
        return []
    flags, words = split_globals(list(typed))
    if not words:
        return []
    try:
        command, rest = resolve(host, words[0], words[1:])
    except UserError:
        if error.hint:  # the command's plugin is disabled or missing
            return []
        known = commands_like(host, words[0])
        of_apps = [name for name in known if name.partition(":")[2] == words[0] and is_of_apps(known[name])]
        meant = likely(words[0], of_apps or known)
        if len(meant) == 1 and ":" in meant[0] and may_ask(host, typed, meant[0]) and agreed(meant[0], words[0]):
            return [*typed[: len(typed) - len(words)], meant[0], *words[1:]]
        add(error, did_you_mean(words[0], meant))
        return []
    is_of_app = bool(rest) and error.message == AppName.complaint(rest[0])
    if is_of_app and not flags.app and (line := line_with_app(host, command, rest)):
        error.message = f"The app is missing before {without_value(rest[0])}"
        error.hint = f"Use: {line}"
    else:
        add(error, question(host, command, rest, flags.app, error))
    return []


def line_with_app(host: Host, command: Command, words: list[str]) -> str:
    """The line to type if the app was left out: its place has what cannot be the name of an app (`FOO=bar`), and the line
    is complete with an app before that. Else empty. Values are left out, because they may be secrets."""
    from dokkupy.cli.parse import WantsHelp, parse

    from dokkupy_sdk.access import visible_apps

    places = places_of(command)
    if (
        not words
        or not places
        or not takes_app(places[0])
        or words[0].startswith("-")
        or not set(words[0]) & set("=:/")
    ):
        return ""
    apps = [str(one) for one in visible_apps(host, command.permission)]
    takes_more = len(words) < len(places) or any(item.many or item.kind == "rest" for item in places)
    if not takes_more or likely(words[0], apps):
        return ""
    try:
        parse(command, words, "app")
    except (UserError, WantsHelp):
        return ""
    rest = [without_value(word) if "=" in word or not command.secret_args else "..." for word in words]
    return " ".join([command.full_name, apps[0] if len(apps) == 1 else "APP", *rest])


def without_value(word: str) -> str:
    name, equals, _ = word.partition("=")
    return f"{name}=..." if equals else word


def add(error: UserError, question: str) -> None:
    if question and "Did you mean" not in error.hint:
        error.hint = "\n".join(line for line in (question, error.hint) if line)


def commands_like(host: Host, name: str) -> dict[str, Command | None]:
    """The namespaces and commands that the caller may use; of a namespace that exists, only its own."""
    from dokkupy_sdk.entry import find_namespace, loaded, usable

    namespace = name.partition(":")[0]
    exists = find_namespace(host.registry, namespace) is not None
    known: dict[str, Command | None] = {}
    for one, group in loaded(host):
        if not exists or group.namespace == namespace:
            found = {command.full_name: command for command in usable(host, group)}
            known |= {one: None, **found} if found else {}
    return known


def is_of_apps(command: Command | None) -> bool:
    """Whether the first argument is an app. `restart` is `ps:restart`, although services have a restart too."""
    return command is not None and any(map(takes_app, places_of(command)[:1]))


def may_ask(host: Host, typed: list[str], name: str) -> bool:
    """Whether a person is there to ask, and the command neither removes nor replaces anything."""
    wants_data = any(word == "--json" or word.partition("=")[0] == "--format" for word in typed)
    if wants_data or getattr(host.out, "quiet", False) or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return not REMOVES & set(name.rpartition(":")[2].split("-"))


def agreed(meant: str, typed: str) -> bool:
    """Whether the person says yes. A script may have a terminal too (`ssh -tt`), and does not answer."""
    import select

    sys.stderr.write(f"Run `{meant}` instead of `{typed[:80]}`? [y/N] ")
    sys.stderr.flush()
    if not select.select([sys.stdin], [], [], PATIENCE)[0]:
        sys.stderr.write("\n")
        return False
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def question(host: Host, command: Command, words: list[str], app: str, error: UserError) -> str:
    """The likeliest values for the first word that the error is about and that Tab would not have offered."""
    said = "\n".join((error.message, *error.details))
    for word, found in words_with_values(host, command, words, app):
        if word not in found and (mentions(said, word) or found and all(mentions(said, one) for one in found)):
            if asked := did_you_mean(word, found):
                return asked
    return ""


def words_with_values(host: Host, command: Command, words: list[str], app: str) -> Iterator[tuple[str, list[str]]]:
    """Each word of a line, or part of one, with what could stand in its place."""
    from dokkupy_sdk.access import visible_apps

    if app:
        yield app, [str(one) for one in visible_apps(host, command.permission)]
    options = options_of(command)
    for number, word in enumerate(words):
        item, typed = at_cursor(command, words[:number], app)
        if item is not None and item.kind == "rest" and item.complete == "":
            return
        if word.startswith("-") and (item is None or item.kind != "option"):
            flag, equals, word = word.partition("=")
            if flag not in options or not equals:
                yield flag, info_flags(host, command, at_cursor(command, words, app)[1])
                yield flag, flags_of(command)
                continue
            item = options[flag]
        if item is None:
            continue
        found = offered(host, item, typed)
        named = [one.removesuffix("=") for one in found]
        for part in word.split(","):
            yield part.partition("=")[0] if named != found else part, named


def mentions(text: str, word: str) -> bool:
    import re

    return bool(word) and re.search(rf"(?<![\w.:-]){re.escape(word)}(?![\w:-])", text) is not None
