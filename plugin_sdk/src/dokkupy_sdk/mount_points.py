"""Paths of a container where nothing can be mounted: it would not start, which only the next deploy would show."""

from __future__ import annotations

import os

from dokkupy_sdk.errors import UserError


def require_mountable(target: str, source: str = "") -> None:
    """Raise UserError if the container would not start with a mount at this path.

    runc refuses /proc and what lies in it, and starts nothing without its own /dev. In /sys it can make no directory, but
    /sys of the host may be mounted there, as programs that watch a host ask for."""
    path = os.path.normpath(target).replace("//", "/")
    if not target.startswith("/") or ".." in target.split("/"):
        reason = "is not an absolute path without `..`"
    elif (
        path in ("/", "/dev")
        or f"{path}/".startswith("/proc/")
        or (f"{path}/".startswith("/sys/") and not f"{source}/".startswith("/sys/"))
    ):
        reason = "belongs to the container's system"
    else:
        return
    raise UserError(
        f"Nothing can be mounted at {target[:80]!r}: it {reason}", hint="Choose another path, such as /data"
    )
