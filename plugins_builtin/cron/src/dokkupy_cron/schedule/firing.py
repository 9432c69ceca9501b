"""When a task fires: pure. Moments are epoch seconds, so that an hour that a zone has twice is two hours.

A task's progress has a cursor, the moment up to which its schedule was looked at, and the firings that were served. The clock
may be set back or forward at any time: a firing that was served is not served again, whatever the clock shows later.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from dokkupy_sdk.cron import Cron
from dokkupy_sdk.values import dataclass

LATE = 300
"""Seconds by which a firing may be late and counts as in time: a reboot, a timer that was busy."""

MOST_COUNTED = 1000
"""Missed firings that are counted."""

SPANS_KEPT = 32

LOOK_BACK = (3600, 86400, 7 * 86400, 40 * 86400, 400 * 86400)
"""Seconds before now in which the newest firing is looked for."""


@dataclass(frozen=True, slots=True)
class Progress:
    """served: (first, last) of firings that were served without a gap between them, oldest first."""

    cursor: int
    served: tuple[tuple[int, int], ...] = ()

    def has_served(self, firing: int) -> bool:
        return any(first <= firing <= last for first, last in self.served)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A cron expression in a time zone."""

    cron: Cron
    zone: tzinfo

    def after(self, moment: int) -> int:
        """The first firing after a moment."""
        found = moment
        at = datetime.fromtimestamp(moment, self.zone)
        while found <= moment:  # in an hour that comes twice the library may answer with the first one
            at = self.cron.after(at)
            found = int(at.timestamp())
        return found

    def between(self, start: int, end: int, most: int) -> list[int]:
        """The firings after `start`, up to `end`, the first `most` of them."""
        found: list[int] = []
        while len(found) < most and (start := self.after(start)) <= end:
            found.append(start)
        return found

    def newest(self, start: int, end: int) -> int | None:
        """The last firing after `start`, up to `end`."""
        for span in (*LOOK_BACK, end - start):
            since = max(start, end - span)
            last = None
            while (since := self.after(since)) <= end:
                last = since
            if last is not None or end - span <= start:
                return last
        return None


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a schedule found. due: the firing to serve now. missed: how many others passed unserved, at most
    MOST_COUNTED; first, last: of those."""

    progress: Progress
    due: int | None = None
    missed: int = 0
    first: int = 0
    last: int = 0


def look(schedule: Schedule, progress: Progress, now: int, *, catches_up: bool) -> Look:
    """Serve the newest firing since the cursor when it is in time, or with catches_up however late it is. One firing is served
    at a time: of several that passed meanwhile, the older ones are missed."""
    start = start_of(progress, now)
    newest = schedule.newest(start, now)
    if newest is None:
        return Look(Progress(now, progress.served))
    serves = not progress.has_served(newest) and (catches_up or now - newest < LATE)
    passed = [one for one in schedule.between(start, now, MOST_COUNTED) if one != newest or not serves]
    missed = [one for one in passed if not progress.has_served(one)]
    served = extended(schedule, progress.served, newest) if serves else progress.served
    return Look(
        Progress(now, served),
        newest if serves else None,
        len(missed),
        missed[0] if missed else 0,
        max(one for one in (missed[-1], newest if not serves else 0)) if missed else 0,
    )


def start_of(progress: Progress, now: int) -> int:
    """Up to where the schedule was looked at: when the clock was set back, only up to the minute that it shows."""
    return progress.cursor if progress.cursor <= now else now - now % 60 - 60


def extended(schedule: Schedule, served: tuple[tuple[int, int], ...], firing: int) -> tuple[tuple[int, int], ...]:
    for index, (first, last) in enumerate(served):
        if last < firing and schedule.after(last) == firing:
            return (*served[:index], (first, firing), *served[index + 1 :])
    return tuple(sorted((*served, (firing, firing))))[-SPANS_KEPT:]


def upcoming(schedule: Schedule, progress: Progress, now: int) -> int:
    """The next firing that was not served."""
    found = schedule.after(start_of(progress, now))
    while progress.has_served(found):
        found = schedule.after(max(last for first, last in progress.served if first <= found <= last))
    return found
