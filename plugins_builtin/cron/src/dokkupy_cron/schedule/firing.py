"""When a task fires: pure. Moments are epoch seconds, so that an hour that occurs twice in a time zone is two hours.

A task's progress has a cursor, which is the moment up to which its schedule was examined, and the firings that were served.
The clock may be set back or forward at any time. A served firing is never served again, whatever the clock shows later.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from dokkupy_sdk.cron import Cron
from dokkupy_sdk.values import dataclass

LATE = 300
"""Seconds by which a firing may be late and still counts as on time, for a reboot or a busy timer."""

MOST_COUNTED = 1000
"""Maximum number of missed firings that are counted."""

SPANS_KEPT = 32

LOOK_BACK = (3600, 86400, 7 * 86400, 40 * 86400, 400 * 86400)
"""Seconds before now in which the newest firing is searched."""


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
        while found <= moment:  # in an hour that occurs twice the library may return the first one
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
    """The result of examining a schedule. due: the firing to serve now. missed: how many others passed unserved, at
    most
    MOST_COUNTED; first, last: of those."""

    progress: Progress
    due: int | None = None
    missed: int = 0
    first: int = 0
    last: int = 0


def look(schedule: Schedule, progress: Progress, now: int, *, catches_up: bool) -> Look:
    """Serve the newest firing since the cursor if it is on time, or with catches_up no matter how late it is. Only one
    firing is served at a time; of several that have passed, the older ones are missed."""
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
    """The moment up to which the schedule was examined; if the clock was set back, the minute that it shows."""
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
