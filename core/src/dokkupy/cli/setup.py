"""`dokkupy setup`: the host's users, directories, sshd and timer."""

from __future__ import annotations

from typing import Annotated

from dokkupy.cli.declare import Answer, Group, Opt
from dokkupy.errors import UserError
from dokkupy.kernel.host import Host

group = Group("setup", "Set this host up for dokkupy, or give it back")


@group.command("", needs="host:write", root=True, changes=True)
def setup(
    host: Host,
    *,
    yes: Annotated[bool, Opt("--yes", help="Do not ask")] = False,
    remove: Annotated[bool, Opt("--remove", help="Take dokkupy's users, timer and wiring away")] = False,
    purge: Annotated[bool, Opt("--purge", help="With --remove: delete the state too")] = False,
) -> Answer:
    """Set the host up; what is in place already stays."""
    from dokkupy.usecases.setup import set_up, tear_down

    if purge and not remove:
        raise UserError("--purge only goes with --remove")
    if remove and not (yes or host.force or host.dry_run):
        raise UserError("Removing dokkupy takes --yes", hint="dokkupy setup --remove --dry-run shows what would go.")
    lines = tear_down(host, purge=purge, dry_run=host.dry_run) if remove else set_up(host, dry_run=host.dry_run)
    prefix = "would " if host.dry_run else ""
    text = [f"-----> {prefix}{line}" for line in lines] or ["-----> Nothing changed"]
    return Answer({"changes": lines, "dry_run": host.dry_run}, text)
