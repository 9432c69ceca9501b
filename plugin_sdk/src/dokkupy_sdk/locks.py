"""Leases of what belongs to no single app, such as the proxy's configuration."""

from dokkupy.kernel.locks import Lease, take

__all__ = ["Lease", "take"]
