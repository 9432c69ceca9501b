"""Who may take which port of the host."""

from __future__ import annotations

from dokkupy.errors import Denied, UserError
from dokkupy.host import Host
from dokkupy.model.ports import DEFAULT_PORTS, Port
from dokkupy.usecases.access import is_admin
from dokkupy.usecases.host_ports import SETTING, is_open

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

TLS = ("https", "grpcs")


def require_host_ports(host: Host, ports: Iterable[Port]) -> None:
    """Raises UserError for 443 without TLS, Denied for a port that is not the caller's to take."""
    for port in ports:
        if port.host == DEFAULT_PORTS["https"] and port.scheme not in TLS:
            raise UserError(
                f"{port}: the host's port 443 is for TLS alone, because all apps share it",
                hint=f"Use another port, or https:443:{port.container}",
            )
        if not is_open(host, port.host) and not is_admin(host):
            raise Denied(
                f"The host's port {port.host} is not yours to take: use 80 or 443",
                hint=f"Ask an admin for: dokkupy proxy:set --global {SETTING} {port.host}",
            )
