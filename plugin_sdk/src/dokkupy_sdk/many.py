"""Over many subjects; see `dokkupy.usecases.many`."""

from dokkupy.usecases.many import over_each, raise_of, warn_of

__all__ = ["over_each", "raise_of", "warn_of"]
