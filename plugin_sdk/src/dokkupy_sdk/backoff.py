"""When to try again what failed."""

from dokkupy.kernel.backoff import pause_after

__all__ = ["pause_after"]
