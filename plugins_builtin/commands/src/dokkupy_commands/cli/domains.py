"""`domains:*` (reference, section 1.11)."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, AppOrAll, Arg, CommandResult, Group, Host, Scope, each
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName, Domain, GlobalDomain
from dokkupy_sdk.settings import Settings
from dokkupy_sdk.state import DomainsFile, GlobalDomainsFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

group = Group("domains", "Manage domains of apps")

App = Annotated[AppName, Arg("app")]
Names = Annotated[list[Domain], Arg("domain")]
GlobalNames = Annotated[list[GlobalDomain], Arg("domain")]


def store_names(
    host: Host, verb: str, app: AppName, names: Sequence[str] | None, *, enabled: bool | None = None
) -> None:
    """Save the app's own list of domains (None: use the default ones) and apply the route."""
    from dokkupy_apps.routing.traffic import rerouting

    with rerouting(host, f"domains:{verb}", app, takes_away=verb in ("remove", "clear", "reset")) as tx:
        record = host.store.load(DomainsFile, app)
        record = record.replace(vhosts=None if names is None else tuple(map(Domain, names)))
        tx.save(record if enabled is None else record.replace(enabled=enabled), app)


def present(host: Host, app: AppName) -> list[str]:
    from dokkupy_apps.desired.domains import default_domains

    host.store.require_app(app)
    own = host.store.load(DomainsFile, app).vhosts
    return [str(name) for name in (default_domains(host, app) if own is None else own)]


def require_names(names: Sequence[str]) -> None:
    if not names:
        raise UserError("Please specify a domain name")


@group.command("add", permission="app:write", mutating=True)
def add(host: Host, app: App, names: Names) -> CommandResult:
    """Add domains to an app.

    domains:add blog www.example.com blog.example.com
    """
    from dokkupy_apps.desired.domains import add_domains
    from dokkupy_apps.routing.traffic import rerouting

    require_names(names)
    with rerouting(host, "domains:add", app) as tx:
        after = add_domains(tx, app, names)
    for name in names:
        host.out.section(f"Added {name} to {app}")
    return CommandResult({"app": app, "domains": after})


@group.command("set", permission="app:write", mutating=True)
def set_names(host: Host, app: App, names: Names) -> CommandResult:
    """Replace the domains of an app."""
    from dokkupy_apps.desired.domains import require_domains

    require_names(names)
    require_domains(host, host.store.require_app(app), names)
    after = list(dict.fromkeys(map(str, names)))
    store_names(host, "set", app, after, enabled=True)
    host.out.section(f"Set {' '.join(after)} for {app}")
    return CommandResult({"app": app, "domains": after})


@group.command("remove", permission="app:write", mutating=True)
def remove(host: Host, app: App, names: Names) -> CommandResult:
    """Remove domains from an app."""
    require_names(names)
    before = present(host, app)
    after = [name for name in before if name not in names]
    store_names(host, "remove", app, after)
    for name in names:
        if name in before:
            host.out.section(f"Removed {name} from {app}")
        else:
            host.out.section(f"Skipping {name}, it is not a domain of {app}")
    return CommandResult({"app": app, "domains": after})


@group.command("clear", permission="app:write", mutating=True)
def clear(host: Host, scope: AppOrAll) -> CommandResult:
    """Remove all domains of an app."""

    def clear_names(app: AppName) -> None:
        if not present(host, app):
            host.out.warn(f"{app} has no domains")
        store_names(host, "clear", app, [])
        host.out.section(f"Cleared domains in {app}")

    return each(host, scope, clear_names)


@group.command("reset", permission="app:write", mutating=True)
def reset(host: Host, scope: AppOrAll) -> CommandResult:
    """Reset the app's domains to those derived from the global domains."""

    def reset_names(app: AppName) -> None:
        store_names(host, "reset", app, None, enabled=True)
        host.out.section(f"Reset domains in {app}")

    return each(host, scope, reset_names)


def switch(host: Host, scope: Scope, enabled: bool) -> CommandResult:
    from dokkupy_apps.routing.traffic import rerouting

    def switch_one(app: AppName) -> None:
        verb = f"domains:{'enable' if enabled else 'disable'}"
        with rerouting(host, verb, app, takes_away=not enabled) as tx:
            tx.save(host.store.load(DomainsFile, app).replace(enabled=enabled), app)
        host.out.section(f"{'Enabled' if enabled else 'Disabled'} domains for {app}")

    return each(host, scope, switch_one)


@group.command("enable", permission="app:write", mutating=True)
def enable(host: Host, scope: AppOrAll) -> CommandResult:
    """Serve an app by its domains."""
    return switch(host, scope, True)


@group.command("disable", permission="app:write", mutating=True)
def disable(host: Host, scope: AppOrAll) -> CommandResult:
    """Serve an app on a port of its own instead of by domains."""
    return switch(host, scope, False)


def write_global(host: Host, verb: str, names: Sequence[str]) -> CommandResult:
    from dokkupy_apps.routing.traffic import change_for_all
    from dokkupy_sdk.many import warn_of
    from dokkupy_sdk.operation import operation

    def store() -> None:
        with operation(host, f"domains:{verb}", "host", takes_away=verb in ("remove-global", "clear-global")) as tx:
            tx.save(host.store.load(GlobalDomainsFile).replace(vhosts=tuple(map(GlobalDomain, names))))

    failed = change_for_all(host, store)
    host.out.section("Global domains: " + (" ".join(names) or "none"))
    warn_of(host, failed)
    return CommandResult(list(names), status=1 if failed else 0)


def global_names(host: Host) -> list[str]:
    return [str(name) for name in host.store.load(GlobalDomainsFile).vhosts]


@group.command("add-global", permission="host:write", mutating=True)
def add_global(host: Host, names: GlobalNames) -> CommandResult:
    """Add global domains: every app is served at `APP.DOMAIN`."""
    require_names(names)
    return write_global(host, "add-global", list(dict.fromkeys([*global_names(host), *map(str, names)])))


@group.command("set-global", permission="host:write", mutating=True)
def set_global(host: Host, names: GlobalNames) -> CommandResult:
    """Replace the global domains.

    domains:set-global apps.example.com
    """
    require_names(names)
    return write_global(host, "set-global", list(dict.fromkeys(map(str, names))))


@group.command("remove-global", permission="host:write", mutating=True)
def remove_global(host: Host, names: GlobalNames) -> CommandResult:
    """Remove global domains."""
    require_names(names)
    before = global_names(host)
    for name in names:
        if name not in before:
            host.out.warn(f"Skipping {name}, it is not a global domain")
    return write_global(host, "remove-global", [name for name in before if name not in names])


@group.command("clear-global", permission="host:write", mutating=True)
def clear_global(host: Host) -> CommandResult:
    """Remove all global domains."""
    return write_global(host, "clear-global", [])


def extra(host: Host, app: AppName | None) -> dict[str, str]:
    shared = global_names(host)
    keys = {"global-enabled": "true" if shared else "false", "global-vhosts": " ".join(shared)}
    if app is not None:
        from dokkupy_apps.desired.domains import listed_domains

        keys["app-enabled"] = "true" if host.store.load(DomainsFile, app).enabled else "false"
        keys["app-vhosts"] = " ".join(listed_domains(host, app))
    return keys


add_property_commands(group, Settings("domains"), extra=extra)
