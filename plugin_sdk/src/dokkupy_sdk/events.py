"""What happened on the host: the events that were recorded, and those that come."""

from dokkupy.usecases.history import Tail, latest, of_app, recent

__all__ = ["Tail", "latest", "of_app", "recent"]
