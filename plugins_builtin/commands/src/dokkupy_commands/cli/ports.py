"""`ports:*` (reference, section 1.20)."""

from __future__ import annotations

import sys

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host
from dokkupy_sdk.errors import NotFound, UserError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.settings import Settings
from dokkupy_sdk.state import PortsFile
from dokkupy_sdk.table import Column, listing, plain

from dokkupy_commands.names import HostPortOrMapping, PortMapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

group = Group("ports", "Manage ports of apps")

App = Annotated[AppName, Arg("app")]
Rows = Annotated[list[PortMapping], Arg("scheme:host-port:container-port")]


def own(host: Host, app: AppName) -> list[str]:
    host.store.require_app(app)
    return [str(row) for row in host.store.load(PortsFile, app).map]


def save(host: Host, verb: str, app: AppName, rows: Sequence[str]) -> CommandResult:
    from dokkupy_commands.use_cases.change_ports import set_ports

    seen: set[str] = set()
    for text in rows:
        place = text.rpartition(":")[0]
        if place in seen:
            raise UserError(f"The same scheme:host-port is being reused: {place}")
        seen.add(place)
    set_ports(host, verb, app, rows)
    return CommandResult({"app": app, "map": list(rows)})


@group.command("list", permission="app:read")
def list_ports(host: Host, app: App) -> CommandResult:
    """List the ports that were set for an app; ports:report also shows the detected ones."""
    rows = own(host, app)
    if not rows:
        raise NotFound(
            "No port mappings configured for app", exit_code=1, hint=f"Detected: {extra(host, app)['map-detected']}"
        )
    cells = [text.split(":") for text in rows]
    quiet = bool(getattr(host.out, "quiet", False))
    _, *lines = plain(DOKKU_PORTS if not quiet else [Column("") for _ in DOKKU_PORTS], cells)
    title = plain(DOKKU_PORTS, cells)[0]
    if not sys.stdout.isatty():
        return CommandResult(rows, lines, columns=[f"-----> Port mappings for {app}", title])
    return listing(rows, PORTS, cells)


DOKKU_PORTS = tuple(map(Column, ("-----> scheme", "host port", "container port")))
"""Clients split lines at the two spaces between columns, as Dokku prints them."""
PORTS = tuple(map(Column, ("SCHEME", "HOST PORT", "CONTAINER PORT")))


def served_rows(host: Host, app: AppName, rows: Sequence[PortMapping]) -> list[str]:
    """Return the rows, if the app's proxy serves their schemes. A port that it would not serve is refused."""
    from dokkupy_apps.desired.host_ports import require_host_ports
    from dokkupy_sdk.model import Port

    proxy = host.proxy(host.store.require_app(app))
    schemes = proxy.schemes
    for text in rows:
        scheme = text.partition(":")[0]
        if scheme not in schemes:
            raise UserError(
                f"The proxy of {app} does not serve {scheme}: {text} would have no effect",
                hint=f"It serves {', '.join(schemes)}. Publish another port directly, past the proxy: "
                f"docker-options:add {app} deploy '-p HOST_PORT:CONTAINER_PORT/{scheme}'",
            )
    for scheme in dict.fromkeys(text.partition(":")[0] for text in rows):
        ready = proxy.prepare(scheme)
        if not ready.ready:
            raise UserError(f"The proxy of {app} cannot serve {scheme} here: {ready.reason}", hint=ready.remedy)
    require_host_ports(host, app, [Port.from_text(text) for text in rows])
    return [str(text) for text in rows]


@group.command("add", permission="app:write", mutating=True)
def add(host: Host, app: App, rows: Rows) -> CommandResult:
    """Add ports to an app.

    ports:add blog http:80:5000
    ports:add blog tcp:2525:25
    """
    return save(host, "add", app, [*own(host, app), *served_rows(host, app, rows)])


@group.command("set", permission="app:write", mutating=True)
def replace_ports(host: Host, app: App, rows: Rows) -> CommandResult:
    """Replace the ports of an app."""
    return save(host, "set", app, served_rows(host, app, rows))


@group.command("remove", permission="app:write", mutating=True)
def remove(
    host: Host,
    app: App,
    rows: Annotated[
        list[HostPortOrMapping],
        Arg("host-port|scheme:host-port:container-port", complete="dokkupy_commands.completers:ports"),
    ],
) -> CommandResult:
    """Remove ports, by host port or by SCHEME:HOST:CONTAINER."""
    before = own(host, app)
    left = [text for text in before if text not in rows and text.split(":")[1] not in rows]
    for row in rows:
        if not any(row in (text, text.split(":")[1]) for text in before):
            host.out.warn(f"Skipping {row}, it is not mapped for {app}")
    return save(host, "remove", app, left)


@group.command("clear", permission="app:write", mutating=True)
def clear(host: Host, app: App) -> CommandResult:
    """Reset the app's ports to those detected by its build."""
    if not own(host, app):
        host.out.warn(f"No port mappings configured for {app}")
    return save(host, "clear", app, [])


def extra(host: Host, app: AppName | None) -> dict[str, Any]:
    if app is None:
        return {}
    import json

    from dokkupy_apps.releases.records import current
    from dokkupy_apps.routing.routes import detected_map

    release, _ = current(host, app)
    detected = [str(port) for port in detected_map(host, app, release)]
    return {
        "map": " ".join(own(host, app)),
        "map-detected": " ".join(detected),
        "map-json": json.dumps([described(text) for text in own(host, app)]),
        "map-detected-json": json.dumps([described(text) for text in detected]),
        "port_mappings": [described(text) for text in own(host, app)],
    }


def described(text: str) -> dict[str, object]:
    scheme, outside, inside = text.split(":")
    return {"scheme": scheme, "host_port": int(outside), "container_port": int(inside)}


add_property_commands(group, Settings("ports"), extra=extra)
