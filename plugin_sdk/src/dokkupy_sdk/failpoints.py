"""Failpoints: points at which the crash tests kill an adapter. They do nothing outside the tests."""

from dokkupy.kernel.failpoints import failpoint, failpoints_count

__all__ = ["failpoint", "failpoints_count"]
