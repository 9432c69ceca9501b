"""The list of commands, for a client on another machine that inserts the app of its git remote."""

from __future__ import annotations

from dokkupy_sdk.cli import Host, parameters, takes_app

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dokkupy_sdk.completion import Command


def listing(host: Host) -> dict[str, Any]:
    """commands: by full name. bare: the command that a bare namespace means."""
    from dokkupy_sdk.entry import loaded, usable

    commands: dict[str, Any] = {}
    bare: dict[str, str] = {}
    for namespace, group in loaded(host):
        for one in usable(host, group):
            commands[one.full_name] = described(one)
        if group.bare and f"{namespace}:{group.bare}" in commands:
            bare[namespace] = f"{namespace}:{group.bare}"
    return {"commands": commands, "bare": bare}


def described(command: Command) -> dict[str, Any]:
    """app: the index of the argument that is an app, or None. arguments: their maximum number, None without a limit.
    values: the flags that take a value."""
    declared = parameters(command.function)
    places = [item for item in declared if item.kind in ("argument", "scope", "rest")]
    flags = [flag for item in declared if item.kind == "option" and not item.is_bool for flag in item.flags]
    return {
        "app": next((number for number, item in enumerate(places) if takes_app(item)), None),
        "arguments": None if any(item.many or item.kind == "rest" for item in places) else len(places),
        "values": [*flags, *(["--format"] if command.formats else [])],
    }
