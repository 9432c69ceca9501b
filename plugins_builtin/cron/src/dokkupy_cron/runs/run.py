"""Runs of an app's tasks: each is a one-off container, started once and watched until it ends.

A run is claimed in the state first. Its container is created without being started, and only then the state records the
start. So after a crash at any moment it is known whether the command ran, and a run that did not run is started.
"""

from __future__ import annotations

from dokkupy_apps.desired.config import merged_env
from dokkupy_run.oneoff import CRON_ID, RunOptions, checked, release_now, spec_of, stop_run
from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError, DokkupyError
from dokkupy_sdk.failpoints import failpoint
from dokkupy_sdk.names import AppName
from dokkupy_sdk.one_offs import one_offs
from dokkupy_sdk.roles import Container
from dokkupy_sdk.values import replace

from dokkupy_cron.runs.history import LAST_LINES, finish, result_of, without_values
from dokkupy_cron.schedule.clock import Clock
from dokkupy_cron.stored import CLAIMED, STARTED, CronFile, OpenRun
from dokkupy_cron.tasks.task import Task

RUN = "dokkupy.cron-run"
"""Label of a run's container: the run."""

NOT_STARTED = 125
IMAGE_LOST = "image_lost"
MOST_AT_ONCE = 20
"""Maximum number of simultaneous runs of a task, because runs that never end must not fill the host."""

ALIVE = ("created", "running", "paused", "restarting")


def container_of(host: Host, app: AppName, run: OpenRun) -> Container | None:
    """A run's container with all that is known of it."""
    at = one_offs(host, app)
    found = at.find_all({RUN: run.id})
    return at.find(found[0].id) if found else None


def start(host: Host, app: AppName, task: Task, state: CronFile, run: OpenRun, clock: Clock) -> CronFile:
    """Start a claimed run, or end it if its policy or its command does not allow a start. Returns the saved state."""
    try:
        state = make_way(host, app, task, state, run, clock)
        if run not in state.runs:
            return state
        found = container_of(host, app, run) or create(host, app, task, run)
        failpoint("cron: after create")
        run = run.replace(phase=STARTED, began=clock.now(), running=clock.running())
        state = saved(host, app, state.with_run(run))
        failpoint("cron: before start")
        one_offs(host, app).start(found.id)
        failpoint("cron: after start")
    except DokkupyError as error:
        if not host.scheduler(app).prepare().ready:
            raise  # nothing is known then; the next minute tries again
        if error.code == IMAGE_LOST:  # as between a restore of the host and the rebuild of the app
            return ended(host, app, state, run, "skipped", clock, reason=error.message)
        state = ended(host, app, state, run, "failed", clock, exit_code=NOT_STARTED, reason=error.message)
    return state


def create(host: Host, app: AppName, task: Task, run: OpenRun) -> Container:
    options = checked(RunOptions(ttl=run.limit, cron_id=task.id))
    release = release_now(host, app)
    try:
        spec = spec_of(host, release, task.words, options, kind="cron")
        return one_offs(host, app).create(replace(spec, labels={**spec.labels, RUN: run.id}), start=False)
    except DokkupyError as error:
        if host.images().find(release.image) is not None:
            raise
        reason = f"the image of v{release.number} is missing from the engine: ps:rebuild {app} builds it again"
        raise AppError(reason, code=IMAGE_LOST) from error


def make_way(host: Host, app: AppName, task: Task, state: CronFile, run: OpenRun, clock: Clock) -> CronFile:
    """Apply the concurrency policy to the task's other runs."""
    others = [
        one
        for one in one_offs(host, app).find_all({"dokkupy.app": app, CRON_ID: task.id})
        if one.state in ALIVE and one.labels.get(RUN) != run.id
    ]
    if others and task.policy == "forbid":
        return ended(host, app, state, run, "skipped", clock, reason=f"{others[0].name} is still running")
    if task.policy == "allow":
        if len(others) < MOST_AT_ONCE:
            return state
        return ended(host, app, state, run, "skipped", clock, reason=f"{len(others)} runs of it have not ended")
    for one in others:
        older = next((other for other in state.runs if other.id == one.labels.get(RUN)), None)
        if older is None:
            stop_run(host, one, "another run replaced it")
            one_offs(host, app).remove(one.id)
        else:
            state = end(host, app, state, older, "replaced", clock)
    return state


def end(
    host: Host, app: AppName, state: CronFile, run: OpenRun, outcome: str, clock: Clock, reason: str = ""
) -> CronFile:
    """End a running run: it gets a signal, and is killed after a grace period."""
    run = run.replace(ends=outcome)
    state = saved(host, app, state.with_run(run))
    found = container_of(host, app, run)
    if found is not None:
        stop_run(host, found, reason or outcome)
        found = one_offs(host, app).find(found.id)
    return ended(host, app, state, run, outcome, clock, found=found, reason=reason)


def advance_run(host: Host, app: AppName, task: Task | None, state: CronFile, run: OpenRun, clock: Clock) -> CronFile:
    """Look at a run: start it, end it at its limit, or take down how it ended. Returns the state as it is saved."""
    found = container_of(host, app, run)
    if run.ends:  # whoever was ending it did not come to its end
        return end(host, app, state, run, run.ends, clock)
    if run.phase == CLAIMED:
        if task is None:
            return ended(
                host, app, state, run, "stopped", clock, found=found, reason="the app has no such task any more"
            )
        return start(host, app, task, state, run, clock)
    if found is None:
        return ended(host, app, state, run, "lost", clock, reason="its container was removed")
    if found.state == "created" and found.exit_code in (None, 0):
        one_offs(host, app).start(found.id)
        return state
    if found.state in ALIVE[1:]:
        if seconds_of(run, clock) < run.limit:
            return state
        return end(host, app, state, run, "timed-out", clock, reason=f"it reached its time limit of {run.limit} s")
    reason = "it ran out of memory" if found.oom_killed else ""
    outcome = "succeeded" if found.exit_code == 0 else "failed"
    return ended(host, app, state, run, outcome, clock, found=found, reason=reason)


def seconds_of(run: OpenRun, clock: Clock) -> float:
    """How long a run has been running. After a boot, when the monotonic clock restarts, its container is gone."""
    return max(clock.running() - run.running, 0.0)


def ended(
    host: Host,
    app: AppName,
    state: CronFile,
    run: OpenRun,
    outcome: str,
    clock: Clock,
    *,
    found: Container | None = None,
    exit_code: int | None = None,
    reason: str = "",
) -> CronFile:
    """Store the result, remove the container, and remove the run, in this order. Each step is idempotent."""
    lines: tuple[str, ...] = ()
    found = found or container_of(host, app, run)
    if found is not None:
        values = [value.reveal() for value in merged_env(host, app).values()]
        lines = without_values(last_lines(host, app, found), values)
        exit_code = found.exit_code if exit_code is None and found.state != "created" else exit_code
    seconds = ran_for(found, run, clock)
    finish(host, result_of(app, run, outcome, clock, seconds=seconds, exit_code=exit_code, reason=reason, lines=lines))
    failpoint("cron: after history")
    if found is not None:
        one_offs(host, app).remove(found.id)
    failpoint("cron: after remove")
    return saved(host, app, state.without_run(run))


def ran_for(found: Container | None, run: OpenRun, clock: Clock) -> float:
    """From the engine's times of start and end if it has both, else until now."""
    from datetime import datetime

    try:
        assert found is not None
        start, end = (datetime.fromisoformat(text[:19]) for text in (found.started_at, found.finished_at))
        seconds = (end - start).total_seconds()
        return seconds if start.year > 1 and seconds >= 0 else seconds_of(run, clock)
    except (AssertionError, ValueError):
        return seconds_of(run, clock)


def last_lines(host: Host, app: AppName, container: Container) -> list[str]:
    try:
        return [line.decode(errors="replace") for _, line in one_offs(host, app).logs(container.id, tail=LAST_LINES)]
    except DokkupyError:
        return []


def saved(host: Host, app: AppName, state: CronFile) -> CronFile:
    host.store.save(state, app)
    return state
