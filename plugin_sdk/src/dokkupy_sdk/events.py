"""What happened on the host: the events that were recorded, and those that come."""

from dokkupy.usecases.history import Tail, recent

__all__ = ["Tail", "recent"]
