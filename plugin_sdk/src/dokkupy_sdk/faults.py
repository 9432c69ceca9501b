"""Fault points: boundaries at which the crash tests kill an adapter. Nothing happens outside the tests."""

from dokkupy.kernel.faults import boundary

__all__ = ["boundary"]
