"""`cron:run`: starts a task by hand, in the same way as a due one."""

from __future__ import annotations

import sys

from dokkupy_sdk import Host
from dokkupy_sdk.attached import interruptible
from dokkupy_sdk.cli import CommandResult
from dokkupy_sdk.errors import Conflict
from dokkupy_sdk.names import AppName
from dokkupy_sdk.one_offs import one_offs
from dokkupy_sdk.operation import SignalReceived

from dokkupy_cron.runs.due import new_run
from dokkupy_cron.runs.history import HistoryRow, history_of
from dokkupy_cron.runs.run import NOT_STARTED, advance_run, container_of, end
from dokkupy_cron.schedule.clock import Clock
from dokkupy_cron.stored import CronFile, OpenRun, subject_lock
from dokkupy_cron.tasks.index import enter, in_step
from dokkupy_cron.tasks.task import Task, require_task, tasks_of

LOOK = 0.5


def run_now(
    host: Host, app: AppName, name: str, *, detach: bool, limit: int, clock: Clock | None = None
) -> CommandResult:
    clock = clock or Clock()
    task = require_task(host, app, name)
    if host.dry_run:
        host.plan.append(f"run the task {name} of {app}: {task.command}")
        return CommandResult()
    run = new_run(host, task, "by hand", limit=limit)
    advance(host, app, task, run, clock, begins=True)
    row = result_of(host, app, run)
    if row is not None and row.outcome == "skipped":
        raise Conflict(
            f"Task {name} of {app} was not started: {row.reason}",
            code="running",
            hint=f"Its runs are in: cron:history {app}",
        )
    if not detach and row is None:
        row = follow(host, app, task, run, clock)
    data = {"app": app, "id": name, "run": run.id, "outcome": row.outcome if row else "running"}
    if row is None:
        return CommandResult(data, [run.id])
    if row.outcome != "succeeded" and row.reason:
        host.out.warn(f"The task {name} of {app} {row.outcome}: {row.reason}")
    code = row.exit_code if row.exit_code is not None else NOT_STARTED
    status = code or (0 if row.outcome == "succeeded" else 1)
    return CommandResult({**data, "exit_code": row.exit_code, "seconds": row.seconds}, status=status)


def advance(host: Host, app: AppName, task: Task, run: OpenRun, clock: Clock, *, begins: bool = False) -> None:
    """Claim the run, or look at it once more."""
    with subject_lock(host, app):
        tasks = tasks_of(host, app)
        state = host.store.load(CronFile, app)
        if begins:
            state = in_step(state, tasks, clock.now()).with_run(run)
            host.store.save(state, app)
        found = next((one for one in state.runs if one.id == run.id), None)
        if found is not None:
            state = advance_run(host, app, task, state, found, clock)
        enter(host, app, state, tasks, clock)


def follow(host: Host, app: AppName, task: Task, run: OpenRun, clock: Clock) -> HistoryRow | None:
    """Print what the run prints until it ends. The run ends if its caller disconnects, as with `run`."""
    try:
        with interruptible():
            found = container_of(host, app, run)
            if found is not None:
                for kind, line in one_offs(host, app).logs(found.id, follow=True):
                    to = sys.stderr if kind == "stderr" or host.out.is_json else sys.stdout
                    to.buffer.write(line + b"\n")
                    to.flush()
            while (row := result_of(host, app, run)) is None:
                advance(host, app, task, run, clock)
                if result_of(host, app, run) is None:
                    clock.sleep(LOOK)
            return row
    except (SignalReceived, BrokenPipeError):
        with subject_lock(host, app):
            state = host.store.load(CronFile, app)
            still = next((one for one in state.runs if one.id == run.id), None)
            if still is not None:
                state = end(host, app, state, still, "stopped", clock, reason="its caller disconnected")
            enter(host, app, state, tasks_of(host, app), clock)
        raise


def result_of(host: Host, app: AppName, run: OpenRun) -> HistoryRow | None:
    return next((row for _, row in history_of(host, app, run.task) if row.run == run.id), None)
