"""`services:*`: commands for services of all kinds."""

from __future__ import annotations

import time

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt, confirm
from dokkupy_sdk.lines import when
from dokkupy_sdk.names import AppName, PluginName
from dokkupy_sdk.styles import BAD, FAINT, GOOD
from dokkupy_sdk.table import Column, listing

from dokkupy_services.names import ServiceName, linked_apps
from dokkupy_services.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

group = Group("services", "List services of all kinds, restore destroyed ones, link external ones", bare="list")

KINDS = "dokkupy_services.completers:kinds"
Kind = Annotated[PluginName, Arg("kind", "Kind of the service, such as postgres or redis", complete=KINDS)]
Name = Annotated[ServiceName, Arg("service")]


@group.command("list", permission="service:read")
def list_services(host: Host) -> CommandResult:
    """List all services with their state and their apps."""
    from dokkupy_sdk.access import is_admin
    from dokkupy_sdk.many import over_each, warn_of

    from dokkupy_services import records
    from dokkupy_services.lifecycle import service as lifecycle
    from dokkupy_services.links import external

    found, broken = records.visible(host)
    states, unknown = over_each(found, lambda one: lifecycle.status(host, one))
    rows = [
        {
            "service": one.subject,
            "image": one.image,
            "version": one.version,
            "state": state,
            "wanted": one.state,
            "links": linked_apps(host, one.kind, one.name),
            "exposed": list(one.exposed),
        }
        for one, state in [*states, *((one, "unknown") for one, _ in unknown)]
    ]
    names = external.names(host) if is_admin(host) else []
    elsewhere, lost = over_each(names, lambda name: external.read(host, name))
    rows += [
        {
            "service": external.subject(one.name),
            "image": "",
            "version": "",
            "state": "elsewhere",
            "wanted": "",
            "links": [str(app) for app in external.links(host, one.name)],
            "exposed": [],
        }
        for _, one in elsewhere
    ]
    failed = [*broken, *((one.subject, fault) for one, fault in unknown), *lost]
    warn_of(host, failed)
    cells = [service_cells(row) for row in rows]
    empty, status = NO_SERVICE if is_admin(host) else NO_LINK, 1 if failed else 0
    return listing(rows, SERVICES, cells, styles=STYLES, empty=empty, status=status)


SERVICES = (Column("SERVICE"), Column("IMAGE", optional=1), Column("STATE"), Column("APPS", wraps=True))
STYLES = {"running": GOOD, "missing": BAD, "exited": BAD, "stopped": FAINT}
NO_SERVICE = "There is no service yet, such as postgres: postgres:create NAME"
NO_LINK = "No service is linked to your apps alone; an admin of the host creates and links services"
TRASH = (Column("SERVICE"), Column("ID"), Column("KEPT UNTIL"))


def service_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return row["service"], row["image"], row["state"], " ".join(row["links"])


@group.command("trash", permission="host:read")
def trash(host: Host) -> CommandResult:
    """List destroyed services whose data is still kept."""
    from dokkupy_services.lifecycle import trash as kept

    rows = kept.rows(host)
    now = time.time()
    cells = [(row["service"], row["id"], when(row["until"], now)) for row in rows]
    return listing(rows, TRASH, cells, empty="No destroyed service is kept")


@group.command("undestroy", permission="host:write", mutating=True)
def undestroy(
    host: Host,
    kind: Kind,
    service: Name,
    *,
    to: Annotated[str, Opt("--to", noun="NAME", help="New name of the service, if the old one is taken")] = "",
) -> CommandResult:
    """Restore a destroyed service with its data. Afterwards, link it to its apps again."""
    from dokkupy_services.lifecycle.undestroy import undestroy as bring_back

    back = bring_back(host, kind, service, ServiceName(to) if to else service)
    host.out.title(f"{back.subject} is restored")
    return CommandResult({"service": back.subject, "id": back.id})


@group.command("purge", permission="host:write", mutating=True)
def purge(
    host: Host, kind: Kind, service: Name, *, force: Annotated[bool, Opt("--force", "-f", help="Do not ask")] = False
) -> CommandResult:
    """Delete the data of a destroyed service permanently."""
    from dokkupy_services.lifecycle import trash as kept

    identifier = service if service in kept.broken(host) else kept.find(host, kind, service).id
    if not force:
        confirm(host, service, f"the data of the destroyed {kind} service {service}")
    host.act(f"delete the data of {kind}:{service} ({identifier}) permanently", lambda: kept.purge(host, identifier))
    return CommandResult({"service": f"{kind}:{service}", "id": identifier})


# external services

App = Annotated[AppName, Arg("app")]
NoRestart = Annotated[bool, Opt("--no-restart", "-n", help="Do not restart; variables apply at the next start")]


@group.command("destroy", permission="host:write", mutating=True)
def destroy(
    host: Host,
    kind: Kind,
    service: Name,
    *,
    force: Annotated[bool, Opt("--force", "-f", help="Do not ask")] = False,
    purge: Annotated[bool, Opt("--purge", help="Delete the data immediately")] = False,
) -> CommandResult:
    """Destroy a service, even if its plugin is uninstalled or its record is broken."""
    from dokkupy_services.commands.create_destroy import destroyed

    return destroyed(host, kind, kind, service, force=force, purge=purge)


@group.command("adopt", permission="host:write", mutating=True, secret_args=1)
def adopt(
    host: Host,
    service: Name,
    url: Annotated[str, Arg("url", "If not given, the first line of standard input is read")] = "",
    *,
    alias: Annotated[str, Opt("--alias", "-a", help="Prefix of the variable: NAME gives NAME_URL")] = "",
) -> CommandResult:
    """Register an external service by its address, so that apps can be linked to it."""
    from dokkupy_sdk.files import read_input_line

    from dokkupy_services.links import external

    one = external.adopt(host, service, url or read_input_line().strip(), alias)
    host.out.title(f"{external.subject(service)} is registered; next: services:link {service} APP")
    for app in external.links(host, service):
        host.out.detail(f"{app} gets the new address at its next start; to restart it now: ps:restart {app}")
    return CommandResult({"service": external.subject(service), "alias": one.alias})


@group.command("forget", permission="host:write", mutating=True)
def forget(host: Host, service: Name) -> CommandResult:
    """Remove an external service's address."""
    from dokkupy_services.links import external

    external.forget(host, service)
    return CommandResult({"service": external.subject(service)})


@group.command("link", permission="host:write", mutating=True)
def link(
    host: Host,
    service: Name,
    app: App,
    *,
    alias: Annotated[str, Opt("--alias", "-a", help="Prefix of the variable: NAME gives NAME_URL")] = "",
    no_restart: NoRestart = False,
) -> CommandResult:
    """Link an external service to an app, and restart the app."""
    from dokkupy_services.commands.links import variable_set
    from dokkupy_services.links import external

    key = external.link(host, service, app, alias=alias)
    return variable_set(host, service, app, key, restart=not no_restart)


@group.command("unlink", permission="host:write", mutating=True)
def unlink(
    host: Host,
    service: Name,
    app: App,
    *,
    no_restart: NoRestart = False,
    kind: Annotated[
        PluginName | None, Opt("--kind", help="Kind of the service, if its plugin is uninstalled", complete=KINDS)
    ] = None,
) -> CommandResult:
    """Unlink an external service from an app, and restart the app."""
    from dokkupy_services.commands.links import restarted, unlinked
    from dokkupy_services.links import external

    if kind is not None:
        return unlinked(host, kind, service, app, restart=not no_restart)
    keys = external.unlink(host, service, app)
    for key in keys:
        host.out.section(f"Unsetting {key}")
    return CommandResult(
        {"service": service, "app": app, "variables": keys, "restarted": restarted(host, app, not no_restart)}
    )


add_property_commands(group, SETTINGS, permission="host:write")
