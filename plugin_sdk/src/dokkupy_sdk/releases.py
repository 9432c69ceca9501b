"""Releases: the one that serves, the kept ones, and what differs between two."""

from dokkupy.usecases.releases import current, differences, prune_releases, read_release, releases

__all__ = ["current", "differences", "prune_releases", "read_release", "releases"]
