"""The clocks: the host's wall clock, which can be set, and the monotonic one."""

from __future__ import annotations

import os
import time
from datetime import UTC, tzinfo

LOCALTIME = "/etc/localtime"


class Clock:
    """The clocks of this machine; tests replace them."""

    def now(self) -> int:
        """Epoch seconds, as the host's clock shows them."""
        return int(time.time())

    def running(self) -> float:
        """Seconds since the boot, independent of changes of the clock."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def zone_named(name: str) -> tzinfo:
    """A time zone of the IANA database; the host's own for the empty name. Raises LookupError."""
    from zoneinfo import ZoneInfo

    if name in ("UTC", "Etc/UTC"):
        return UTC  # UTC also works on a host without the database
    if name:
        try:
            return ZoneInfo(name)
        except (OSError, ValueError) as error:
            raise LookupError(name) from error
    try:
        with open(LOCALTIME, "rb") as file:
            return ZoneInfo.from_file(file, key="localtime")
    except (OSError, ValueError):
        return UTC


def host_zone_mark() -> str:
    """A value that changes when the host's time zone changes."""
    return os.path.realpath(LOCALTIME)


def stamp(seconds: float) -> str:
    """UTC, RFC 3339; empty for 0."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds else ""
