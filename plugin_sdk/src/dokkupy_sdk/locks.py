"""Leases of what belongs to no single app, such as the proxy's configuration."""

from dokkupy.kernel.locks import Lease, holder, take

__all__ = ["Lease", "holder", "take"]
