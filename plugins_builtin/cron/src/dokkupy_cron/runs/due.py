"""The time-driven work: `tick` checks whether anything is due, and starts a separate process for it."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Busy, DokkupyError, Interrupted
from dokkupy_sdk.failpoints import failpoint

from dokkupy_cron.runs.history import Finished, finish
from dokkupy_cron.runs.host_command import advance_command
from dokkupy_cron.runs.run import advance_run
from dokkupy_cron.schedule.clock import Clock, stamp
from dokkupy_cron.schedule.firing import LATE, MOST_COUNTED, Look, look
from dokkupy_cron.settings import SETTINGS
from dokkupy_cron.stored import CronFile, OpenRun, subject_lock, subject_name
from dokkupy_cron.tasks.index import enter, in_step, is_valid, rebuild, waiting
from dokkupy_cron.tasks.task import Task, limit_of, schedule_of, tasks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dokkupy_cron.stored import Subject

LOCK = "cron-due"
PATIENCE = 10.0
"""Seconds to wait for the process of the minute before."""

STAYS = 40
"""Seconds for which a process waits for the end of what it started; later ticks watch the rest."""

PAUSE = 1.0


def tick(host: Host) -> None:
    """The timer's job. It reads only the index, and other jobs do not wait for the start of a container."""
    clock = Clock()
    if not is_valid(host, clock) or waiting(host, clock):
        host.spawn("--quiet", "cron:run-due")


def run_due(host: Host, clock: Clock) -> list[str]:
    """Start each due task once, and watch running ones until they end. Returns a line for each."""
    try:
        lock = host.lock(LOCK, wait=PATIENCE, command=host.command or "cron:run-due", what="The schedule of tasks")
    except Busy:
        return []
    try:
        if not is_valid(host, clock):
            rebuild(host, clock)
        lines, started = serve(host, clock)
        end = clock.running() + STAYS
        while started and clock.running() < end:
            clock.sleep(PAUSE)
            more, again = serve(host, clock)
            started = {run for run in started | again if run in open_runs(host, clock)}
            lines += more
        return lines
    finally:
        lock.release()


def open_runs(host: Host, clock: Clock) -> set[str]:
    return {run.id for app in waiting(host, clock) for run in host.store.load_derived(CronFile, app).runs}


def serve(host: Host, clock: Clock) -> tuple[list[str], set[str]]:
    """Examine every waiting subject once. Returns (lines, the runs that were started)."""
    lines: list[str] = []
    started: set[str] = set()
    for app in waiting(host, clock):
        try:
            more, runs = serve_subject(host, app, clock)
            lines += more
            started |= runs
        except Interrupted:
            raise
        except DokkupyError as error:
            host.out.warn(f"{subject_name(app)}: {error.message}")
    return lines, started


def serve_subject(host: Host, app: Subject, clock: Clock) -> tuple[list[str], set[str]]:
    lines: list[str] = []
    started: set[str] = set()
    with subject_lock(host, app):
        tasks = tasks_of(host, app)
        before = host.store.load(CronFile, app)
        state = claim(host, app, tasks, before, clock)
        if state != before:
            host.store.save(state, app)
        failpoint("cron: after claim")
        known = {run.id for run in before.runs}
        for identifier in [run.id for run in state.runs]:
            run = next((one for one in state.runs if one.id == identifier), None)
            if run is None:
                continue  # the policy of another run has ended it
            if app is None:
                state = advance_command(host, state, run, clock)
            else:
                state = advance_run(host, app, tasks.get(run.task), state, run, clock)
            if identifier not in known:
                started.add(identifier)
                lines.append(f"started {run.task} of {subject_name(app)}")
        enter(host, app, state, tasks, clock)
    return lines, started


def claim(host: Host, app: Subject, tasks: Mapping[str, Task], state: CronFile, clock: Clock) -> CronFile:
    """The state with a new run for each firing that is due now."""
    now = clock.now()
    state = in_step(state, tasks, now)
    catches_up = SETTINGS.get(host.store, app, "missed") == "run"
    for name, task in tasks.items():
        if task.paused:
            continue
        record = state.tasks[name]
        found = look(schedule_of(host, task), record.progress(), now, catches_up=catches_up)
        if found.missed:
            say_missed(host, task, found, clock)
        state = state.replace(tasks={**state.tasks, name: record.follow(found.progress)})
        if found.due is not None:
            why = "schedule" if now - found.due < LATE else "late"
            state = state.with_run(new_run(host, task, why, found.due))
    return state


def new_run(host: Host, task: Task, why: str, firing: int = 0, limit: int = 0) -> OpenRun:
    limit = limit or limit_of(host, task.app)
    return OpenRun(id=f"{firing:x}-{os.urandom(4).hex()}", task=task.id, why=why, firing=firing, limit=limit)


def say_missed(host: Host, task: Task, found: Look, clock: Clock) -> None:
    count = f"{found.missed} or more" if found.missed >= MOST_COUNTED else str(found.missed)
    what = "1 firing" if found.missed == 1 else f"{count} firings from {stamp(found.first)} to {stamp(found.last)}"
    then = "one run replaces them" if found.due is not None else "skipped"
    finish(
        host,
        Finished(
            app=task.app,
            task=task.id,
            run=f"missed-{found.first:x}",
            outcome="missed",
            why="schedule",
            firing=stamp(found.first),
            started="",
            ended=stamp(clock.now()),
            seconds=0.0,
            exit_code=None,
            reason=f"{what} passed while nothing ran here: {then}",
            lines=(),
        ),
    )
