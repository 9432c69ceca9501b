"""Tables of the state whose rows a plugin reads into types of its own; see `dokkupy.kernel.store`."""

from dokkupy.kernel.store import record_of

__all__ = ["record_of"]
