"""`apps:*` (reference, section 1.1)."""

from __future__ import annotations

from dokkupy_apps.desired.properties import APPS
from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.access import no_apps, visible_apps
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt
from dokkupy_sdk.errors import Conflict
from dokkupy_sdk.names import AppName, NewAppName

group = Group("apps", "Manage apps", bare="list")

App = Annotated[AppName, Arg("app")]


@group.command("list", permission="open")
def list_apps(host: Host) -> CommandResult:
    """List the apps."""
    names = [str(name) for name in visible_apps(host)]
    if not names:
        host.out.warn(no_apps(host))
    return CommandResult(names, names, header="My Apps" if names else "")


@group.command("create", permission="app:write", mutating=True)
def create(host: Host, app: Annotated[NewAppName, Arg("app", complete=())]) -> None:
    """Create an app.

    apps:create blog
    """
    from dokkupy_apps.apps import create_app

    host.out.announce(f"Creating {app}...")
    create_app(host, app)


@group.command("exists", permission="app:read")
def exists(host: Host, app: App) -> None:
    """Exit with 0 if an app exists, else with 20."""
    host.store.require_app(app)


@group.command("destroy", permission="app:admin", mutating=True)
def destroy(host: Host, app: App, *, force: Annotated[bool, Opt("--force", help="Do not ask")] = False) -> None:
    """Destroy an app and everything that belongs to it.

    apps:destroy blog
    """
    from dokkupy_apps.apps import destroy_app, require_traces
    from dokkupy_sdk.cli import confirm

    require_traces(host, app)
    if not force:
        confirm(host, str(app), f"{app} (including all add-ons)")
    host = host.for_invocation(force=host.force or force)  # hooks of plugins skip their confirmation, too
    host.out.announce(f"Destroying {app} (including all add-ons)")
    destroy_app(host, app)


SkipDeploy = Annotated[bool, Opt("--skip-deploy", help="Do not deploy the new app")]


@group.command("rename", permission="app:admin", mutating=True)
def rename(
    host: Host, old: App, new: Annotated[NewAppName, Arg("new-app", complete=())], *, skip_deploy: SkipDeploy = False
) -> None:
    """Rename an app.

    apps:rename blog journal
    """
    from dokkupy_commands.use_cases.rename_clone import rename_app

    host.out.announce(f"Renaming {old} to {new}...")
    rename_app(host, old, new, deploy=not skip_deploy)


@group.command("clone", permission="app:admin", mutating=True)
def clone(
    host: Host,
    old: App,
    new: Annotated[NewAppName, Arg("new-app", complete=())],
    *,
    skip_deploy: SkipDeploy = False,
    ignore_existing: Annotated[bool, Opt("--ignore-existing", help="Do nothing if the target exists")] = False,
) -> None:
    """Copy an app's configuration, properties and code; its domains are not copied.

    apps:clone blog blog-staging
    """
    from dokkupy_commands.use_cases.rename_clone import clone_app

    if ignore_existing and host.store.has_app(new):
        host.out.warn(f"App {new} already exists")
        return
    host.out.announce(f"Cloning {old} to {new}...")
    clone_app(host, old, new, deploy=not skip_deploy)


@group.command("lock", permission="app:write", mutating=True)
def lock(host: Host, app: App) -> None:
    """Refuse deploys of an app until it is unlocked; a running deploy continues."""
    from dokkupy_apps.apps import set_locked

    set_locked(host, app, True)
    host.out.section("Deploy lock created")


@group.command("unlock", permission="app:write", mutating=True)
def unlock(host: Host, app: App) -> None:
    """Allow deploys of an app again."""
    from dokkupy_apps.apps import app_record, set_locked

    was_locked = app_record(host, app).locked
    set_locked(host, app, False)
    if not was_locked:
        host.out.warn("Deploy lock does not exist")
    elif not host.dry_run:
        host.out.warn("Deploy lock removed")


@group.command("locked", permission="app:read")
def locked(host: Host, app: App) -> CommandResult:
    """Exit with 0 if an app is locked, else with 1."""
    from dokkupy_apps.apps import app_record

    if not app_record(host, app).locked:
        raise Conflict("Deploy lock does not exist", code="not_locked")
    return CommandResult({"app": app, "locked": True}, ["Deploy lock exists"])


def extra(host: Host, app: AppName | None) -> dict[str, str]:
    if app is None:
        return {}
    from dokkupy_apps.releases.serving import serving_summary
    from dokkupy_sdk.state import AppFile

    record = host.store.load(AppFile, app)
    release = serving_summary(host, app)
    return {
        "created-at": epoch(record.created_at),
        "deploy-source": release.source if release else "",
        "deploy-source-metadata": release.revision if release else "",
        "dir": host.store.directory("apps", app),
        "locked": "true" if record.locked else "false",
    }


def epoch(text: str) -> str:
    """A time of a record in seconds since the epoch, as Dokku reports it."""
    from datetime import datetime

    return str(int(datetime.fromisoformat(text).timestamp())) if text else ""


add_property_commands(
    group,
    APPS,
    prefix="app",
    title="app",
    extra=extra,
    permission="host:write",
    beyond=("computed-disable-autocreation", "max-processes", "max-runs"),
)
