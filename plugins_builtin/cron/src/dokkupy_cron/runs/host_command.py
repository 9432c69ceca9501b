"""Runs of the host's own tasks: commands of dokkupy, each in a separate process that outlives the timer's.

The process marks its run as started before the command begins, and holds a lock while it lives. A started run whose lock
nobody holds was killed, and is not started again.
"""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Busy, HostError
from dokkupy_sdk.execute import execute, own_argv
from dokkupy_sdk.failpoints import failpoint
from dokkupy_sdk.locks import holder

from dokkupy_cron.runs.history import LAST_LINES, finish, result_of, without_values
from dokkupy_cron.schedule.clock import Clock
from dokkupy_cron.stored import CLAIMED, STARTED, CronFile, OpenRun, subject_lock
from dokkupy_cron.tasks.index import enter
from dokkupy_cron.tasks.task import tasks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def lock_of(run: str) -> str:
    return f"cron-run:{run}"


def advance_command(host: Host, state: CronFile, run: OpenRun, clock: Clock) -> CronFile:
    """Examine a run: start it, skip it while an older run of its task continues, or record that it was killed."""
    if holder(host.root, lock_of(run.id)):
        return state
    if run.phase == STARTED:
        return ended(host, state, run, "lost", clock, reason="its process was killed")
    older = [one for one in state.runs if one.task == run.task and one.id != run.id and one.phase == STARTED]
    if older:
        return ended(host, state, run, "skipped", clock, reason=f"the run {older[0].id} is still running")
    host.spawn("--quiet", "cron:run-command", run.id)
    return state


def run_claimed(host: Host, identifier: str, clock: Clock) -> None:
    """Run a claimed run's command and record its result. Nothing happens for a run that is no longer claimed."""
    try:
        lock = host.lock(lock_of(identifier), wait=0, command=host.command or "cron:run-command")
    except Busy:
        return
    try:
        begun = begin(host, identifier, clock)
        if begun is not None:
            run, words = begun
            failpoint("cron: before command")
            code, lines = execute_command(host, words, run.limit)
            failpoint("cron: after command")
            keep(host, run, code, lines, clock)
    finally:
        lock.release()


def begin(host: Host, identifier: str, clock: Clock) -> tuple[OpenRun, tuple[str, ...]] | None:
    """Mark a claimed run as started. Returns (the run, its command's arguments), or None if there is nothing to run."""
    with subject_lock(host, None):
        state = host.store.load(CronFile, None)
        run = next((one for one in state.runs if one.id == identifier and one.phase == CLAIMED), None)
        if run is None:
            return None
        task = tasks_of(host, None).get(run.task)
        if task is None:
            ended(host, state, run, "stopped", clock, reason="there is no such task any more")
            return None
        run = run.replace(phase=STARTED, began=clock.now(), running=clock.running())
        host.store.save(state.with_run(run), None)
        return run, task.words


def execute_command(host: Host, words: Sequence[str], limit: int) -> tuple[int | None, tuple[str, ...]]:
    """Returns (the exit status, or None if it reached its time limit; its last lines)."""
    argv = [*own_argv(), "--quiet", *words]
    try:
        done = execute(argv, check=False, env={"DOKKUPY_ROOT": host.root}, timeout=float(limit))
    except HostError:
        return None, ()
    return done.status, without_values((done.stdout + done.stderr).splitlines()[-LAST_LINES:], ())


def keep(host: Host, run: OpenRun, code: int | None, lines: tuple[str, ...], clock: Clock) -> None:
    outcome = "timed-out" if code is None else "failed" if code else "succeeded"
    reason = f"it reached its time limit of {run.limit} s" if code is None else ""
    with subject_lock(host, None):
        state = host.store.load(CronFile, None)
        state = ended(host, state, run, outcome, clock, exit_code=code, reason=reason, lines=lines)
        enter(host, None, state, tasks_of(host, None), clock)


def ended(
    host: Host,
    state: CronFile,
    run: OpenRun,
    outcome: str,
    clock: Clock,
    *,
    exit_code: int | None = None,
    reason: str = "",
    lines: tuple[str, ...] = (),
) -> CronFile:
    seconds = max(clock.running() - run.running, 0.0)
    finish(host, result_of(None, run, outcome, clock, seconds=seconds, exit_code=exit_code, reason=reason, lines=lines))
    state = state.without_run(run)
    host.store.save(state, None)
    return state
