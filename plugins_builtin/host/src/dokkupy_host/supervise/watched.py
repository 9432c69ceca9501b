"""Whether a process ended since the last look, and its history: pure functions and their record."""

from __future__ import annotations

import time

from dokkupy_sdk.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    from dokkupy_sdk import Host
    from dokkupy_sdk.model import Ending
    from dokkupy_sdk.names import AppName

    class Seen(Protocol):
        """An InstanceStatus or a Container."""

        @property
        def state(self) -> str: ...
        @property
        def exit_code(self) -> int | None: ...
        @property
        def oom_killed(self) -> bool: ...
        @property
        def restarts(self) -> int: ...


DOWN = ("exited", "dead", "created", "missing")
STABLE = 600
"""Seconds without a crash after which a process counts as healthy again."""

FIRST_PAUSE, LONGEST_PAUSE = 60, 600
"""Seconds between attempts to start a process that the engine gave up on: doubled each time, up to the maximum."""


class Watched(Record):
    """The result of the last look at a process. restarts: the engine's own count. down: it did not run. total: how often it
    was started again in this row of crashes; exit_code, oom, last: of the last end (epoch seconds, 0 for none). stopped:
    that end was asked for; by_hand: and the engine remembers by whom it was asked. tries, next: attempts to start it again,
    and when the next is due."""

    restarts: int = 0
    down: bool = False
    total: int = 0
    exit_code: int | None = None
    oom: bool = False
    last: float = 0.0
    stopped: bool = False
    by_hand: bool = False
    tries: int = 0
    next: float = 0.0

    @property
    def is_quiet(self) -> bool:
        """Whether only the engine's count is set, so that the record is not needed."""
        return not self.last and not self.down


SLACK = 5
"""Tolerance in seconds for the engine's rounding and a late timer."""


def is_well(watched: Watched | None) -> bool:
    return watched is None or watched.is_quiet


def fresh_restarts(before: Watched, seen: Seen) -> int:
    known = before.restarts if seen.restarts >= before.restarts else 0
    return seen.restarts - known


def has_ended(before: Watched, seen: Seen) -> bool:
    """Whether the process ended since the last look, so that its endings are needed to judge how."""
    return fresh_restarts(before, seen) > 0 or (seen.state in DOWN and not before.down)


def judged(before: Watched, seen: Seen, endings: Sequence[Ending], now: float) -> tuple[Watched, bool]:
    """The new record of a process, and whether it crashed since the last look. Pure.

    endings: those that the engine remembers. One that it does not remember was before its own last start: a boot is no
    crash. A lower count means that the engine started counting again, after a boot or a manual stop and start.
    """
    fresh, down = fresh_restarts(before, seen), seen.state in DOWN
    after = before.replace(restarts=seen.restarts, down=down, total=before.total + fresh)
    if not has_ended(before, seen):
        # A last end in the future was recorded before the clock was set back.
        well = not down and before.last and not 0 <= now - before.last < STABLE
        return (Watched(restarts=seen.restarts) if well else after), False
    new = [one for one in endings if one.at > (before.last if before.last <= now else 0)]
    asked = not new or new[-1].stopped
    stopped = down and not fresh and not seen.oom_killed and asked
    own = [
        one for one in new if not one.stopped or stopped
    ]  # the exit code of a later stop does not describe the crash
    last = own[-1] if own else None
    is_last = seen.state in ("exited", "dead", "restarting") and (stopped or last is None or last is new[-1])
    code = seen.exit_code if is_last else last.exit_code if last else None
    oom = (is_last and seen.oom_killed) or (last is not None and last.oom)
    after = after.replace(
        exit_code=code,
        oom=oom,
        last=last.at if last else now,
        stopped=stopped,
        by_hand=stopped and last is not None,
    )
    return after, not stopped


def is_due(watched: Watched, policy: str, now: float) -> bool:
    """Whether the user's restart policy requires starting a stopped process now."""
    from dokkupy_sdk.backoff import is_waiting

    if not watched.down or policy == "no" or is_waiting(watched.next, now, longest=LONGEST_PAUSE):
        return False
    if policy == "unless-stopped" and watched.by_hand:
        return False
    if policy.startswith("on-failure") and not watched.stopped:
        return watched.exit_code != 0 or watched.oom
    return True


def tried(watched: Watched, now: float, *, started: bool) -> Watched:
    """The record after an attempt to start it: the next attempt is later, and attempts never stop."""
    from dokkupy_sdk.backoff import pause_after

    pause = pause_after(watched.tries + 1, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
    after = watched.replace(tries=min(watched.tries + 1, 30), next=now + pause)
    return after.replace(restarts=0, down=False, total=watched.total + 1) if started else after


def describe(state: str, watched: Watched | None, now: float) -> str:
    """`running`, or with what happened: `crashed (exit 1, 10 restarts, last 14:15:40)`."""
    if watched is None or not watched.last or watched.stopped:
        return state
    ends = (
        "out of memory" if watched.oom else "exit unknown" if watched.exit_code is None else f"exit {watched.exit_code}"
    )
    form = "%H:%M:%S" if now - watched.last < 86400 else "%Y-%m-%d %H:%M:%S"
    when = time.strftime(form, time.gmtime(watched.last))
    name = state if state == "running" or watched.exit_code == 0 else "crashed"
    return f"{name} ({ends}, {watched.total} restart{'' if watched.total == 1 else 's'}, last {when})"


# the record


class CrashesFile(Record, file="apps/*/crashes"):
    """instances: by their ids. given_up: releases that crashed and were rolled back from."""

    given_up: tuple[int, ...] = ()
    instances: Mapping[str, Watched] = {}


def read_watched(host: Host, app: AppName) -> dict[str, Watched]:
    """Instance id -> what the last look saw."""
    return dict(host.store.load_derived(CrashesFile, app).instances)


def described(host: Host, app: AppName, states: Mapping[str, str]) -> dict[str, str]:
    """Instance id -> its state as text, with what the timer has recorded. states: instance id -> state."""
    watched, now = read_watched(host, app), time.time()
    return {id: describe(state, watched.get(id), now) for id, state in states.items()}


def web_has_crashed(host: Host, app: AppName) -> bool:
    """Whether each web instance crashed and has not been healthy since, according to the last look."""
    from dokkupy_apps.releases.records import current

    watched = read_watched(host, app)
    if not watched:
        return False
    web = [one for one in current(host, app)[1] if one.process == "web"]
    rows = [watched.get(one.id, Watched()) for one in web]
    return bool(rows) and all(one.last and not one.stopped for one in rows)
