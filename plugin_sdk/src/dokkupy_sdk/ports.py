"""Rows of a port map, and the default map of an app. This module uses no dataclasses, because reports load it."""

from dokkupy.model.ports import DEFAULT_PORTS, Port, effective_map, port_number

__all__ = ["DEFAULT_PORTS", "Port", "effective_map", "is_direct", "port_number", "transport"]


def transport(port: Port) -> str:
    """`tcp` or `udp`: the two have ports of their own."""
    return "udp" if port.scheme == "udp" else "tcp"


def is_direct(port: Port) -> bool:
    """Whether connections are passed on as they are: without a name in them, so the port belongs to one app."""
    return port.scheme in ("tcp", "udp")
