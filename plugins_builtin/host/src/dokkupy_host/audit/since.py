"""`--since`: a time, or how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from dokkupy_sdk.errors import UserError

AGO = re.compile(r"(\d{1,6})([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def start_of(text: str) -> str:
    """The time in UTC, in the audit's form; empty for none. A time without a time zone is in the host's."""
    if not text:
        return ""
    if ago := AGO.fullmatch(text):
        start = datetime.now(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    else:
        try:
            start = datetime.fromisoformat(text)
        except ValueError:
            raise UserError(f"{text[:40]!r} is not a time", hint="Such as 30m, 2h, 7d or 2026-01-31T12:00Z.") from None
    return start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
