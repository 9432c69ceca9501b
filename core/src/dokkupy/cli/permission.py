"""The permission of a command, checked for everything that its arguments name."""

from __future__ import annotations

from dokkupy.cli.declare import Options, Scope
from dokkupy.host import Host
from dokkupy.kernel.access import check_access

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dokkupy.cli.parse import Invocation


def check_call(host: Host, call: Invocation) -> None:
    """Raise Denied unless the caller has the command's permission for each argument and option that belongs to apps.
    `--global` requires an admin, except to read a report. `--all` means the apps that the caller may see (`apps_of`)."""
    permission = call.command.permission
    check_access(host, permission)
    if permission == "open":
        return
    for value in values_of(call):
        if isinstance(value, Scope):
            if value.is_global and call.command.full_name.rpartition(":")[2] != "report":
                check_access(host, "host:write")
            value = value.app
        if hasattr(value, "owners"):
            check_access(host, permission, value, call.command.group.namespace)


def values_of(call: Invocation) -> Iterator[Any]:
    options = [vars(one).values() if isinstance(one, Options) else (one,) for one in call.keywords.values()]
    for value in (*call.arguments, *(value for fields in options for value in fields)):
        yield from value if isinstance(value, list) else (value,)
