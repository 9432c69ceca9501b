"""Whether a new instance exits at once, for example because of a wrong command."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from dokkupy_sdk.model import Activity, InstanceStatus

SETTLE_SECONDS = 0.1
"""How long a deploy waits for this on a host with a free processor."""

SETTLE_LIMIT = 60.0
"""How long it waits on a host where an instance gets no processor for so long, or the engine does not notice an exit."""

A_TURN = SETTLE_SECONDS / 2
"""Seconds of processor time after which an instance has done what precedes an exit at once."""

ENDED = ("exited", "dead", "missing", "restarting")


def wait_for_a_turn(look: Callable[[], Sequence[Activity]]) -> Sequence[Activity]:
    """Wait until each instance has ended, is idle, or has used processor time since the first look. What it used before
    that was mostly used to create its container. Returns the last look."""
    until, first = time.monotonic() + SETTLE_LIMIT, look()
    while True:
        time.sleep(SETTLE_SECONDS)
        seen = look()
        waits = (
            now.alive and now.working and now.cpu - then.cpu < A_TURN for now, then in zip(seen, first, strict=True)
        )
        if not any(waits) or time.monotonic() >= until:
            return seen


def has_ended(row: InstanceStatus) -> bool:
    """Whether an instance that was started a moment ago has ended since. One that the engine restarts repeatedly may be
    running at this moment."""
    return row.state in ENDED or bool(row.restarts)


def wait_for_exits(gone: set[str], status: Callable[[], Sequence[InstanceStatus]]) -> Sequence[InstanceStatus]:
    """The status of instances once the engine has noticed that the processes of some of them are gone. gone: their ids."""
    until = time.monotonic() + SETTLE_LIMIT
    while True:
        rows = status()
        if all(has_ended(row) for row in rows if row.instance.id in gone) or time.monotonic() >= until:
            return rows
        time.sleep(SETTLE_SECONDS)
