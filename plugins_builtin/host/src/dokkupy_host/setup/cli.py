"""`dokkupy setup`: the host's users, directories, sshd and timer."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, CommandResult, Group, Host, Opt
from dokkupy_sdk.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_host.setup.machine import Change

group = Group("setup", "Set up this host for dokkupy, or remove dokkupy from it")


@group.command("", permission="host:write", root=True, mutating=True)
def setup(
    host: Host,
    *,
    yes: Annotated[bool, Opt("--yes", help="Do not ask")] = False,
    remove: Annotated[
        bool, Opt("--remove", help="Remove dokkupy's users, timer and configuration from the host")
    ] = False,
    purge: Annotated[bool, Opt("--purge", help="With --remove: delete the state too")] = False,
    verbose: Annotated[bool, Opt("--verbose", help="Print each change, not one line per part")] = False,
) -> CommandResult:
    """Set up the host; parts that are already set up stay as they are."""
    from dokkupy_host.setup.machine import set_up, tear_down

    if purge and not remove:
        raise UserError("--purge has no effect without --remove")
    if remove and not (yes or host.force or host.dry_run):
        raise UserError(
            "To remove dokkupy, add --yes", hint="dokkupy setup --remove --dry-run shows what would be removed."
        )
    changes = tear_down(host, purge=purge, dry_run=host.dry_run) if remove else set_up(host, dry_run=host.dry_run)
    text = shown(
        changes, "Would change" if host.dry_run else "Removed" if remove else "Set up", verbose or host.dry_run
    )
    return CommandResult({"changes": [change.line for change in changes], "dry_run": host.dry_run}, text)


def shown(changes: Sequence[Change], verb: str, each: bool) -> list[str]:
    """A line for each part that changed; each: below it also one for each change."""
    parts: dict[str, list[str]] = {}
    for change in changes:
        parts.setdefault(change.part, []).append(change.line)
    text = []
    for part, lines in parts.items():
        text.append(f"-----> {verb} {part}")
        if each:
            text.extend(f"       {line}" for line in lines)
    return text or ["-----> Nothing changed"]
