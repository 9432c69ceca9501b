"""Times and lengths of time, as users write them. No I/O."""

from __future__ import annotations

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

LENGTH = r"[1-9][0-9]{0,5}[smhdw]"
"""A length of time, such as 90s or 2h."""

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def seconds_of(length: str) -> int:
    """The seconds of a text that is a `LENGTH`."""
    return int(length[:-1]) * UNITS[length[-1]]


def stamp_of(moment: datetime) -> str:
    """The time as in lines: UTC, RFC 3339 with nanoseconds, which sorts as text."""
    from datetime import UTC

    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def moment_of(text: str, now: datetime, option: str) -> str:
    """The stamp of `2026-11-29T20:00:00Z`, `2026-11-29 20:00`, a date, or a length of time before now. Raises UserError."""
    import re
    from datetime import UTC, datetime, timedelta

    if re.fullmatch(LENGTH, text):
        return stamp_of(now - timedelta(seconds=seconds_of(text)))
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"{option}: {shown(text)} is not a time",
            hint="Write a length of time before now such as 90s, 10m, 2h or 3d, or a time such as 2026-11-29T20:00:00Z.",
        ) from None
    return stamp_of(found if found.tzinfo else found.replace(tzinfo=UTC))
