"""Locks for subjects that belong to no single app, such as the proxy's configuration."""

from dokkupy.kernel.locks import Lock, describe, holder, take

__all__ = ["Lock", "describe", "holder", "take"]
