"""Candidates for the last argument of an unfinished command line, without anything that the caller may not see."""

from __future__ import annotations

from dokkupy_sdk.cli import Host, parameters, takes_app
from dokkupy_sdk.errors import DokkupyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk.completion import Command, Parameter, Typed


def candidates(host: Host, before: Sequence[str], last: str) -> list[str]:
    """Commands first, then a command's flags, or the names that its next argument could have."""
    from dokkupy_sdk.access import visible_apps
    from dokkupy_sdk.completion import at_cursor
    from dokkupy_sdk.entry import resolve, split_globals

    if before and before[-1] == "--app":
        return [str(app) for app in visible_apps(host)]
    flags, typed_words = split_globals(list(before))
    if not typed_words:
        return first_arguments(host, last)
    try:
        command, rest = resolve(host, typed_words[0], typed_words[1:])
        item, typed = at_cursor(command, rest, flags.app)
        if item is None or item.kind != "option":
            if last.startswith("-"):
                return flags_of(command)
            if item is None:
                return []
        return names(host, item, typed)
    except DokkupyError:  # the line is already invalid, or the state of its app is broken
        return []


def first_arguments(host: Host, last: str) -> list[str]:
    from dokkupy_sdk.entry import find_namespace, usable, usable_groups

    namespace, colon, _ = last.partition(":")
    if not colon:
        return sorted(usable_groups(host))
    entry = find_namespace(host.registry, namespace)
    if entry is None:
        return []
    group = host.registry.load(entry)
    return [f"{namespace}:{one.name}" for one in usable(host, group) if one.name]


def flags_of(command: Command) -> list[str]:
    declared = parameters(command.function)
    found = {flag for item in declared if item.kind == "option" for flag in item.flags}
    found |= {"--global"} if any(item.kind == "scope" for item in declared) else set()
    found |= {"--dry-run"} if command.mutating else set()
    found |= {"--format", "--json"} if command.formats else set()
    return sorted({*found, "--help"})


def names(host: Host, item: Parameter, typed: Typed) -> list[str]:
    """The names for an argument, if the caller may use the command with the arguments before it."""
    from dokkupy_sdk.access import allowed, visible_apps
    from dokkupy_sdk.completion import GROUP, completer_name
    from dokkupy_sdk.names import AppName

    permission = typed.command.permission
    if takes_app(item):
        return [str(app) for app in visible_apps(host, permission)] if item.metavar != "new-app" else []
    app = AppName(typed.app) if typed.app else None
    if permission != "open" and not allowed(host, permission, app, typed.namespace):
        return []
    entry = host.registry.find(GROUP, completer_name(item))
    return sorted(host.registry.load(entry)(host, typed)) if entry is not None else []
