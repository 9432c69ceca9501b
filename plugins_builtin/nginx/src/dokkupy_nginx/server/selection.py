"""Which lines of nginx's logs a user asked for. No I/O."""

from __future__ import annotations

import re
from datetime import datetime

from dokkupy_sdk.times import stamp_of
from dokkupy_sdk.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LOCAL = re.compile(r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]")
"""`$time_local`, as in nginx's own `combined`."""

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[+-]\d\d:\d\d|Z)")
"""`$time_iso8601`."""

ERROR = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d")
"""The time of an error log's line, in the host's zone."""


@dataclass(frozen=True, slots=True)
class Selection:
    """since: a stamp (`dokkupy_sdk.times`), or empty. grep: a text, or empty."""

    since: str = ""
    grep: str = ""

    def of(self, lines: Iterable[str]) -> Iterator[str]:
        """A line without a time belongs to the line before it."""
        is_in = not self.since
        for line in lines:
            if self.since and (stamp := time_of(line)):
                is_in = stamp >= self.since
            if is_in and self.grep in line:
                yield line


def time_of(line: str) -> str:
    """The stamp of a line; empty if it has no time that is one of nginx's."""
    try:
        if found := LOCAL.search(line):
            return stamp_of(datetime.strptime(found[1], "%d/%b/%Y:%H:%M:%S %z"))
        if found := ISO.search(line):
            return stamp_of(datetime.fromisoformat(found[0]))
        if found := ERROR.match(line):
            return stamp_of(datetime.strptime(found[0], "%Y/%m/%d %H:%M:%S"))
    except ValueError:
        pass  # a client chose part of the line
    return ""
