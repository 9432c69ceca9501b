"""Types of a host's attributes, for annotations: `host.store`, `host.out`, `host.events`, and what `host.lock(...)`
returns."""

from dokkupy.kernel.console import Console
from dokkupy.kernel.events import Events
from dokkupy.kernel.locks import Lock
from dokkupy.kernel.store import Store

__all__ = ["Console", "Events", "Lock", "Store"]
