"""Lines of output: parsed from the engine's bytes, sorted, and formatted as in Dokku. No I/O."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush, heapreplace

from dokkupy_sdk.cli import harmless
from dokkupy_sdk.styles import styled
from dokkupy_sdk.values import dataclass, replace

COLOURS = (36, 33, 32, 35, 31, 34)
"""Dokku's order: cyan, yellow, green, magenta, red, blue."""

STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ?")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an instance, or about it. at: RFC 3339 with nanoseconds, which sorts as text; empty when the engine gave
    none. source: `app`, or `dokkupy` for the platform's own lines about the instance."""

    at: str
    dyno: str
    stream: str
    text: bytes
    source: str = "app"

    def as_json(self) -> dict[str, str]:
        return {
            "timestamp": self.at,
            "process": self.dyno,
            "stream": self.stream,
            "message": self.text.decode(errors="replace"),
        }


def parse_line(dyno: str, stream: str, data: bytes) -> Line:
    """Parse a line of `Engine.logs(timestamps=True)`."""
    found = STAMP.match(data)
    if found is None:
        return Line("", dyno, stream, data)
    at = f"{found[1].decode()}.{(found[2] or b'').decode():0<9}{found[3].decode()}"
    return Line(at, dyno, stream, data[found.end() :])


def whole_seconds(at: str) -> int:
    """The epoch seconds of a line's time."""
    import calendar
    import time

    return calendar.timegm(time.strptime(at[:19], "%Y-%m-%dT%H:%M:%S"))


def by_time(sources: Iterable[tuple[str, Callable[[], Iterator[Line]]]]) -> Iterator[Line]:
    """The lines of several sources by time, where each has its own in order. A source is the time of its first line and
    what opens it: a source is opened when its first line is due and closed at its end, so only few are open at a
    time."""
    waiting = deque(sorted(sources, key=lambda source: source[0]))
    heap: list[tuple[str, int, Line, Iterator[Line]]] = []
    number = 0
    while waiting or heap:
        while waiting and (not heap or waiting[0][0] <= heap[0][0]):
            at, open_source = waiting.popleft()
            lines = stamped(open_source(), at)
            number += 1
            if (line := next(lines, None)) is not None:
                heappush(heap, (line.at, number, line, lines))
        if not heap:
            continue
        _, which, line, lines = heap[0]
        yield line
        following = next(lines, None)
        if following is None:
            heappop(heap)
        else:
            heapreplace(heap, (following.at, which, following, lines))


def stamped(lines: Iterable[Line], last: str = "") -> Iterator[Line]:
    """The lines; one without a time gets that of the line before it. last: the time of the first, if it has none."""
    for line in lines:
        if not line.at:
            line = replace(line, at=last)
        last = line.at
        yield line


def shown(line: Line, *, quiet: bool, colour: int | None, raw: bool = False) -> bytes:
    """The line as text. quiet: without time and prefix. colour: of the prefix on a terminal, where the time has seconds. raw:
    control sequences stay."""
    text = line.text if raw else harmless(line.text.decode(errors="replace")).encode()
    if quiet:
        return text
    at = line.at if colour is None else line.at[:19] + line.at[29:]  # without the nanoseconds
    prefix = f"{at} {line.source}[{line.dyno}]:"
    if colour is not None:
        prefix = styled(prefix, str(colour))
    return prefix.encode() + b" " + text


def colour_of(dyno: str, seen: dict[str, int]) -> int:
    """A colour per instance, in the order of their first lines."""
    return COLOURS[seen.setdefault(dyno, len(seen)) % len(COLOURS)]
