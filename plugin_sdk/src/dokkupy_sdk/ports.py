"""The port map of an app: set and detected."""

from dokkupy.usecases.ports import set_ports
from dokkupy.usecases.routes import detected_map

__all__ = ["detected_map", "set_ports"]
