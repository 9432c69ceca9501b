"""`shell-hooks:*`."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.table import Column, listing

from dokkupy_shell_hooks.settings import SETTINGS

group = Group("shell-hooks", "Run an app's own hooks in its containers")

MOMENTS = ("pre-deploy", "pre-switch", "post-deploy")


@group.command("list", permission="app:read")
def list_hooks(host: Host, app: Annotated[AppName, Arg("app")]) -> CommandResult:
    """List the hooks that the serving release has."""
    from dokkupy_apps.releases.records import current

    from dokkupy_shell_hooks.hooks import hook_of

    release, _ = current(host, host.store.require_app(app))
    if release is None:
        raise AppError(f"App {app} has not been deployed", code="not_deployed")
    rows = [{"hook": moment, "path": path} for moment in MOMENTS if (path := hook_of(host, release, moment))]
    cells = [(row["hook"], row["path"]) for row in rows]
    return listing(rows, (Column("HOOK"), Column("FILE")), cells, empty=f"The release of {app} has no hook")


add_property_commands(group, SETTINGS)
