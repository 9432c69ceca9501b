"""Failpoints: points at which the crash tests kill an adapter. They do nothing outside the tests."""

from __future__ import annotations

import os

from dokkupy.kernel.failpoints import failpoint

__all__ = ["failpoint", "failpoints_count"]


def failpoints_count() -> bool:
    """Whether boundaries are counted, so that they have to be passed in the same order each time."""
    return bool(os.environ.get("DOKKUPY_FAILPOINT_LOG") or os.environ.get("DOKKUPY_FAILPOINT"))
