"""Rows of a port map, and the default map of an app. This module uses no dataclasses, because reports load it."""

from dokkupy.model.ports import DEFAULT_PORTS, Port, effective_map, port_number

__all__ = ["DEFAULT_PORTS", "Port", "effective_map", "port_number"]
