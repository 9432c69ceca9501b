"""The clocks: the host's, which people read and set, and the one that only goes on."""

from __future__ import annotations

import os
import time
from datetime import UTC, tzinfo

LOCALTIME = "/etc/localtime"


class Clock:
    """The time of this machine; tests have one of their own."""

    def now(self) -> int:
        """Epoch seconds, as the host's clock shows them."""
        return int(time.time())

    def running(self) -> float:
        """Seconds since the boot, which no change of the clock touches."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def zone_named(name: str) -> tzinfo:
    """A time zone of the IANA database; the host's own for the empty name. Raises LookupError."""
    from zoneinfo import ZoneInfo

    if name in ("UTC", "Etc/UTC"):
        return UTC  # also where the host has no database
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
    """What changes when the host gets another time zone."""
    return os.path.realpath(LOCALTIME)


def stamp(seconds: float) -> str:
    """UTC, RFC 3339; empty for 0."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds else ""
