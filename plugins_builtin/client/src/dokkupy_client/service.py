"""The service that a command leaves out: `dokku postgres:connect` for an app that is linked to one database."""

from __future__ import annotations

from dokkupy_client import ssh
from dokkupy_client.faults import Fault
from dokkupy_client.programs import captured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_client.remotes import Target


def with_service(target: Target, app: str, name: str) -> list[str]:
    """The command with the app's only service of its kind; alone where no app is known, or the host has no such kind.

    Raises Fault if the app is linked to none, or to several.
    """
    kind = name.partition(":")[0]
    status, out, _ = captured(ssh.command(target, [f"{kind}:app-links", app])) if app else (1, b"", b"")
    if status != 0:
        return [name]
    linked = out.decode("utf-8", "replace").split()
    if not linked:
        raise Fault(f"{app} is linked to no {kind} service", f"List them: dokku {kind}:list. Then: dokku {name} NAME")
    if len(linked) > 1:
        raise Fault(f"{app} is linked to {', '.join(linked)}", f"Name one: dokku {name} {linked[0]}")
    return [name, linked[0]]
