"""The index that the timer reads instead of the records of all apps. Every change to a subject's tasks updates it."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.many import over_each, warn_of
from dokkupy_sdk.names import AppName

from dokkupy_cron.schedule.clock import Clock, host_zone_mark
from dokkupy_cron.schedule.firing import upcoming
from dokkupy_cron.stored import CronFile, IndexFile, TaskState, change_index, subject_lock, subject_name, subject_of
from dokkupy_cron.tasks.task import schedule_of, tasks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dokkupy_cron.stored import Subject
    from dokkupy_cron.tasks.task import Task


def refresh(host: Host, *, app: str = "", clock: Clock | None = None) -> None:
    """Update the record of an app, or with "" of the host, to its current tasks. Idempotent.

    A new or resumed task begins now; earlier firings of its schedule do not count as missed.
    """
    name = AppName(app) if app else None
    if name is not None and not host.store.has_app(name):
        forget(host, app=app)
        return
    tasks = tasks_of(host, name)
    if not tasks and host.store.find(CronFile, name) is None:
        return  # most apps have no tasks, so their deploys skip the rest
    with subject_lock(host, name):
        state = in_step(host.store.load(CronFile, name), tasks, (clock or Clock()).now())
        host.store.save(state, name)
        enter(host, name, state, tasks, clock or Clock())


def in_step(state: CronFile, tasks: Mapping[str, Task], now: int) -> CronFile:
    kept = {}
    for name, task in tasks.items():
        before = state.tasks.get(name) or TaskState(cursor=now, paused=task.paused)
        resumes = before.paused and not task.paused
        kept[name] = before.replace(paused=task.paused, cursor=now if resumes else before.cursor)
    return state.replace(tasks=kept)


def enter(host: Host, app: Subject, state: CronFile, tasks: Mapping[str, Task], clock: Clock) -> None:
    """Record when the subject is due next."""
    moments = [
        upcoming(schedule_of(host, task), state.tasks[name].progress(), clock.now())
        for name, task in tasks.items()
        if name in state.tasks and not task.paused
    ]
    due = min(moments, default=None)
    change_index(host, subject_name(app), due, bool(state.runs), clock.now(), host_zone_mark())


def forget(host: Host, *, app: str) -> None:
    """Remove a destroyed app. Idempotent."""
    index = host.store.load_derived(IndexFile)
    name = f"app:{app}"
    if name in index.next or name in index.open:
        change_index(host, name, None, False, index.seen, index.zone)


def refresh_all(host: Host, *, clock: Clock | None = None) -> None:
    """Update all subjects after a global change, or if the index is lost. A failure of one app does not stop the
    others."""
    _, failed = over_each(("", *host.store.apps()), lambda app: refresh(host, app=app, clock=clock))
    warn_of(host, failed)


def rebuild(host: Host, clock: Clock) -> None:
    """Rebuild the index from the records of all apps, because it is lost or broken, or the clock or the time zone was
    changed."""
    with host.lock("cron:index", wait=30, command=host.command or "cron", what="The schedule of tasks"):
        host.store.remove(IndexFile)
        host.store.save(IndexFile(seen=clock.now(), zone=host_zone_mark()))
    refresh_all(host, clock=clock)


def is_valid(host: Host, clock: Clock) -> bool:
    """Whether the index exists and belongs to this clock and this zone."""
    index = host.store.load_derived(IndexFile)
    return index.seen > 0 and index.zone == host_zone_mark() and index.seen <= clock.now()


def waiting(host: Host, clock: Clock) -> list[Subject]:
    """The subjects that are due or have runs."""
    index = host.store.load_derived(IndexFile)
    now = clock.now()
    return [subject_of(name) for name in sorted(index.open | {key for key, at in index.next.items() if at <= now})]
