"""`maintenance` and `maintenance:*` (reference, section 6.4): a page with the status 503 instead of an app."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.settings import Settings

from dokkupy_front.records import MaintenanceFile

group = Group("maintenance", "Serve a maintenance page instead of an app", bare="")

App = Annotated[AppName, Arg("app")]


@group.command("", permission="app:read")
def show(host: Host, app: App) -> CommandResult:
    """Show whether an app is in maintenance."""
    record = host.store.load(MaintenanceFile, host.store.require_app(app))
    state = "on" if record.enabled else "off"
    lines = [f"-----> Maintenance status of {app}:", f"       {state}"]
    return CommandResult({"app": app, "enabled": record.enabled}, lines)


@group.command("enable", permission="app:write", mutating=True)
def enable(host: Host, app: App) -> None:
    """Answer every request for an app with the status 503 and a page.

    maintenance:enable blog
    """
    host.store.require_app(app)
    switch(host, app, enabled=True)
    host.out.detail("done")


@group.command("disable", permission="app:write", mutating=True)
def disable(host: Host, app: App) -> None:
    """Let requests reach an app again."""
    host.store.require_app(app)
    switch(host, app, enabled=False)
    host.out.detail("done")


def switch(host: Host, app: AppName, *, enabled: bool) -> None:
    from dokkupy_apps.routing.traffic import rerouting

    verb = "maintenance:enable" if enabled else "maintenance:disable"
    with rerouting(host, verb, app, takes_away=not enabled) as tx:
        host.out.section(f"{'Enabling' if enabled else 'Disabling'} maintenance mode for {app}...")
        record = host.store.load(MaintenanceFile, app)
        if not enabled and not record.enabled:
            host.out.warn(f"Maintenance mode is not enabled for {app}")
        tx.save(record.replace(enabled=enabled), app)


@group.command("custom-page", permission="app:write", mutating=True)
def custom_page(host: Host, app: App) -> CommandResult:
    """Read the page of an app from a tar on standard input, which has at least `maintenance.html`.

    maintenance:custom-page blog < page.tar
    """
    import sys

    from dokkupy_apps.routing.traffic import rerouting

    from dokkupy_front.archive import page_of
    from dokkupy_front.page import remove_unused

    host.store.require_app(app)
    page = page_of(sys.stdin.buffer)
    with rerouting(host, "maintenance:custom-page", app) as tx:
        host.out.section("Importing custom maintenance page...")
        tx.save(host.store.load(MaintenanceFile, app).replace(page=page), app)
    host.act("remove the page before", lambda: remove_unused(host))
    return CommandResult({"app": app, "files": sorted(page)}, [*sorted(page), "       done"])


def report_extra(host: Host, app: AppName | None) -> dict[str, str]:
    if app is None:
        return {}
    record = host.store.load(MaintenanceFile, app)
    return {"enabled": str(record.enabled).lower(), "custom-page": str(bool(record.page)).lower()}


add_property_commands(group, Settings("maintenance"), extra=report_extra)
