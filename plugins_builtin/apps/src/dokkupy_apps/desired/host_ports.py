"""The ports of the host on which an app may listen. Every deployer may use 80, and 443 for TLS alone. Other ports are
for admins, or in the range that admins open to deployers (`proxy:set --global deployer-ports 8000-8099`)."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.access import has_deployers, is_admin, shown_app
from dokkupy_sdk.errors import Denied, UserError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.ports import DEFAULT_PORTS, Port, is_direct, transport
from dokkupy_sdk.state import PortsFile

from dokkupy_apps.desired.properties import PROXY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SETTING = "deployer-ports"
TLS = ("https", "grpcs")


def is_open(host: Host, port: int) -> bool:
    """Whether a deployer may use a port of the host."""
    ranges = [part.partition("-") for part in PROXY.get(host.store, None, SETTING).split(",") if part]
    return port in DEFAULT_PORTS.values() or any(int(low) <= port <= int(high or low) for low, _, high in ranges)


def without_closed(host: Host, app: AppName, detected: tuple[Port, ...]) -> tuple[Port, ...]:
    """A port map detected from EXPOSE, without the rows that a deployer may not set. If no remaining row serves the
    domain, the first container port does."""
    closed = [port for port in detected if port.scheme != "udp" and not is_open(host, port.host)]
    if not closed or not has_deployers(host, app):
        return detected
    left = tuple(port for port in detected if port not in closed)
    if not any(port.leads_to_the_domain for port in left):
        left = (Port("http", DEFAULT_PORTS["http"], closed[0].container), *left)
    ports = ", ".join(str(port.host) for port in closed)
    host.out.warn(
        f"Exposed by the image, but not published, because only an admin may publish it: {ports}. {app} is served on {left[0].host}"
    )
    return left


RESERVED = {("tcp", 22), ("tcp", 80), ("tcp", 443), ("udp", 443)}
"""The ports of SSH and those that all apps share. The proxy finds out what else listens on the host."""


def require_host_ports(host: Host, app: AppName | None, ports: Iterable[Port]) -> None:
    """Raises UserError for 443 without TLS, for 80 with it, and for a port of another app. Raises Denied for a port that the caller may
    not use."""
    ports = tuple(ports)
    others = rows_of_others(host, app) if ports else []
    for port in ports:
        if is_direct(port) and (transport(port), port.host) in RESERVED:
            raise UserError(
                f"{port}: the host's {transport(port).upper()} port {port.host} is reserved",
                hint=f"Use another port of the host: {port.scheme}:PORT:{port.container}",
            )
        if port.host == DEFAULT_PORTS["https"] and port.scheme not in TLS:
            raise UserError(
                f"{port}: the host's port 443 is for TLS alone, because all apps share it",
                hint=f"Use another port, or https:443:{port.container}",
            )
        if port.host == DEFAULT_PORTS["http"] and port.scheme != "http":
            raise UserError(
                f"{port}: the host's port 80 is for HTTP without TLS, because all apps share it",
                hint=f"Use another port, or http:80:{port.container}",
            )
        if not is_open(host, port.host) and not is_admin(host):
            raise Denied(
                f"The host's port {port.host} may not be used with this key: use 80 or 443",
                hint=f"Ask an admin for: dokkupy proxy:set --global {SETTING} {port.host}",
            )
        owner = owner_beside(others, port)
        if owner is not None:
            raise UserError(
                f"{port}: the host's {transport(port).upper()} port {port.host} belongs to {shown_app(host, owner)}",
                hint="Two apps can share a port only if both speak HTTP. Use another port of the host.",
            )


def rows_of_others(host: Host, app: AppName | None) -> list[tuple[AppName, Port]]:
    """The rows of the port maps of all other apps."""
    found = []
    for other in host.store.apps():
        if other != app:
            record = host.store.load(PortsFile, other)
            rows = [Port.from_text(row) for row in record.map]
            rows += [Port("http", record.allocated, record.allocated)] if record.allocated else []
            found += [(other, row) for row in rows]
    return found


def owner_beside(others: Iterable[tuple[AppName, Port]], wanted: Port) -> AppName | None:
    """The first of these apps that cannot share a port of the host with this one."""
    for other, row in others:
        same = (transport(row), row.host) == (transport(wanted), wanted.host)
        if same and (is_direct(row) or is_direct(wanted)):
            return other
    return None
