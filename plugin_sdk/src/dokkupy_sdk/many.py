"""Over many subjects; see `dokkupy.usecases.many`."""

from dokkupy.errors import messages
from dokkupy.usecases.many import over_each, warn_of

__all__ = ["messages", "over_each", "warn_of"]
