"""Which lines of the audit the caller may see."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.access import caller, is_admin, visible_apps
from dokkupy_sdk.values import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_host.audit.trail import Line

ENDS = ("apps:destroy", "apps:rename")
"""The commands after which an app of this name is another app."""


def seen(host: Host, lines: Iterable[Line]) -> Iterable[Line]:
    """An admin sees every line; another key, the commands on its apps. Of a command that the key may not use, it sees the name
    and the app alone, because the other arguments may name what is not the key's (`apps:clone`)."""
    if is_admin(host):
        return lines
    apps = set(visible_apps(host))
    left: list[Line] = []
    for line in lines:
        if line.app in apps:
            name = line.command.partition(" ")[0]
            if name in ENDS and not line.status:
                left = [one for one in left if one.app != line.app]
            else:
                left.append(line if may_use(host, name) else replace(line, command=f"{name} {line.app} ..."))
    return left


def may_use(host: Host, name: str) -> bool:
    from dokkupy_sdk.entry import resolve
    from dokkupy_sdk.errors import DokkupyError

    try:
        command, _ = resolve(host, name, [])
    except DokkupyError:  # its plugin was removed
        return False
    return caller(host).has(command.permission)
