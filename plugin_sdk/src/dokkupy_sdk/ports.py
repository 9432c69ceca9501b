"""Ports: rows of a port map, and the map that an app has without one of its own. Light: no dataclasses."""

from dokkupy.model.ports import DEFAULT_PORTS, Port, effective_map, port_number

__all__ = ["DEFAULT_PORTS", "Port", "effective_map", "port_number"]
