"""Failpoints: boundaries at which the crash tests kill an adapter. Nothing happens outside the tests."""

from dokkupy.kernel.failpoints import failpoint

__all__ = ["failpoint"]
