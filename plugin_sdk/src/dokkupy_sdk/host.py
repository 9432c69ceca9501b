"""What a host has, for annotations: `host.store`, `host.out`, `host.events`, and the lock that `host.lock(...)` gives."""

from dokkupy.kernel.console import Console
from dokkupy.kernel.events import Events
from dokkupy.kernel.locks import Lock
from dokkupy.kernel.store import Store

__all__ = ["Console", "Events", "Lock", "Store"]
