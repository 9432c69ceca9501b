"""The lines that wait to be sent. Their size is limited, so that a receiver that does not answer costs neither memory
nor an app's time."""

from __future__ import annotations

import threading
from collections import deque

from dokkupy_logs.lines import Line

SIZE = 4 * 1024 * 1024
"""Maximum bytes of waiting text; the oldest lines are dropped for new ones."""

OVERHEAD = 200
"""Bytes of a line besides its text."""


class Buffer:
    """dropped: the number of lines that were discarded."""

    def __init__(self, size: int = SIZE) -> None:
        self.size, self.used, self.dropped = size, 0, 0
        self.lines: deque[Line] = deque()
        self.changed = threading.Condition()

    def put(self, line: Line) -> None:
        """Add a line; the oldest ones are dropped if there is no room."""
        with self.changed:
            self.lines.append(line)
            self.used += cost(line)
            while self.used > self.size and self.lines:
                self.used -= cost(self.lines.popleft())
                self.dropped += 1
            self.changed.notify_all()

    def put_when_free(self, line: Line, *, is_over: threading.Event) -> None:
        """Add an old line. Waits for room, because such lines are stored anyway."""
        with self.changed:
            while self.used + cost(line) > self.size // 2 and self.lines and not is_over.is_set():
                self.changed.wait(0.5)
        self.put(line)

    def take(self, most: int, size: int, timeout: float) -> list[Line]:
        """The next lines, up to a number and a size; empty if none arrive before the timeout."""
        with self.changed:
            if not self.lines:
                self.changed.wait(timeout)
            taken: list[Line] = []
            while self.lines and len(taken) < most and (size > 0 or not taken):
                line = self.lines.popleft()
                size -= cost(line)
                self.used -= cost(line)
                taken.append(line)
            self.changed.notify_all()
            return taken

    def drop(self, count: int) -> None:
        """Count lines that were taken out but could not be sent."""
        with self.changed:
            self.dropped += count


def cost(line: Line) -> int:
    return len(line.text) + OVERHEAD
