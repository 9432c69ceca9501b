"""Rows of a port map. The rules about whole maps are in `dokkupy_sdk.port_map`."""

from dokkupy.model.ports import DEFAULT_PORTS, Port

__all__ = ["DEFAULT_PORTS", "Port", "is_direct", "transport"]


def transport(port: Port) -> str:
    """`tcp` or `udp`: the two have ports of their own."""
    return "udp" if port.scheme == "udp" else "tcp"


def is_direct(port: Port) -> bool:
    """Whether connections are passed on as they are: without a name in them, so the port belongs to one app."""
    return port.scheme in ("tcp", "udp")
