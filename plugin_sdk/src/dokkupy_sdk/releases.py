"""Releases: the one that serves, the kept ones, and what differs between two."""

from dokkupy.usecases.release_records import current_record
from dokkupy.usecases.releases import current, differences, prune_releases, read_release, releases, to_table

__all__ = ["current", "current_record", "differences", "prune_releases", "read_release", "releases", "to_table"]
