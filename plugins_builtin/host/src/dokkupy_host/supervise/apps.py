"""Supervision of apps: the timer detects and reports crashes, and starts processes that should run.

The engine restarts a process quickly, as often as the app's restart policy allows. Processes that it gave up on, and
containers that were stopped or removed by other programs, are started here: first at once, then with growing pauses,
without a limit of attempts.

In a minute in which nothing happened, this costs one listing of the engine's containers and one small file for each
app.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from dokkupy_apps.desired.formation import wanted_formation
from dokkupy_apps.desired.properties import PS
from dokkupy_apps.desired.status import should_run
from dokkupy_apps.releases.records import instances_of, numbers, read_release
from dokkupy_apps.rollout.converge import converge
from dokkupy_apps.routing.waiting_page import update_waiting_page
from dokkupy_sdk import Host
from dokkupy_sdk.errors import Busy, Interrupted
from dokkupy_sdk.locks import holder
from dokkupy_sdk.model import Ending, Instance, InstanceStatus, Release
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction, messages, operation
from dokkupy_sdk.records import Record
from dokkupy_sdk.roles import Instances
from dokkupy_sdk.state import ServingFile
from dokkupy_sdk.values import dataclass, field

from dokkupy_host.supervise.crashes import announce, crash_of, last_lines
from dokkupy_host.supervise.watched import (
    SLACK,
    CrashesFile,
    Watched,
    has_ended,
    is_due,
    is_well,
    judged,
    read_watched,
    tried,
)

REMEMBERED = 300
"""Seconds before the last look for which ended processes are requested again, because that look may have skipped an
app."""

ROLLBACK_SECONDS = 3600
"""Seconds after a release for which a crash of all its instances may cause a rollback."""


class SupervisionFile(Record, file="global/supervision"):
    """When the timer last looked at the apps, and which apps it skipped because of a running operation."""

    looked: float | None = None
    skipped: frozenset[str] = frozenset()


@dataclass
class Look:
    """One look at all apps. since: time of the last look, None for the first; left_out: apps that it skipped."""

    host: Host
    now: float
    since: float | None
    left_out: frozenset[str]
    skipped: set[str] = field(default_factory=set)
    _steady: dict[Instances, frozenset[str]] = field(default_factory=dict)

    def steady(self, running: Instances) -> frozenset[str]:
        """Instances that have been running since before the last look, with one request for all apps."""
        if running not in self._steady:
            elapsed = self.now - self.since if self.since is not None else 0
            self._steady[running] = running.steady(max(elapsed, 0) + SLACK)
        return self._steady[running]

    def endings(self, running: Instances) -> Mapping[str, Sequence[Ending]]:
        """The latest ends, for statuses that were read before: earlier ones would lack the cause of a crash."""
        since = min(self.since or self.now, self.now)  # a later one: the clock was set back
        return running.endings(since - REMEMBERED)


def supervise(host: Host, now: float | None = None) -> list[str]:
    """Look at every app. A failing app causes a warning. Does nothing while another supervision is running."""
    try:
        lock = host.lock("supervision", wait=0, command=host.command or "tick")
    except Busy:
        return []
    with lock:
        return look_at_all(host, time.time() if now is None else now)


@dataclass(frozen=True)
class Case:
    """An app that needs work. watched: by instance id. crashed: whether one of its processes crashed since the last
    look."""

    app: AppName
    deployment: str
    release: Release
    watched: dict[str, Watched]
    statuses: list[InstanceStatus]
    crashed: bool


def look_at_all(host: Host, now: float) -> list[str]:
    last = host.store.load_derived(SupervisionFile)
    look = Look(host, now, last.looked, last.skipped)
    lines: list[str] = []
    cases: list[Case] = []
    for app in host.store.apps():
        with warned(host, app):
            cases += look_at(look, app)
    host.store.save(SupervisionFile(looked=now, skipped=frozenset(look.skipped)))
    # After all apps were examined, because a start with its checks may take minutes.
    for case in cases:
        with warned(host, case.app):
            if case.crashed and roll_back(look, case):
                lines.append(f"{case.app}: rolled back from v{case.release.number}")
                continue
            lines += [f"{case.app}: started {dyno}" for dyno in start_due(look, case)]
    return lines


@contextmanager
def warned(host: Host, app: AppName) -> Iterator[None]:
    """An error of one app does not stop the others."""
    try:
        yield
    except Interrupted:
        raise
    except Busy:
        pass  # an operation is running; the next look sees its result
    except Exception as error:
        host.out.warn(f"{app}: {'; '.join(messages(error))}")


def look_at(look: Look, app: AppName) -> list[Case]:
    host = look.host
    serving = host.store.find(ServingFile, app)
    if serving is None:
        return []
    instances = instances_of(app, serving.instances)
    watched = read_watched(host, app)
    running = host.instances(app)
    steady = look.steady(running)
    if app not in look.left_out and all(one.id in steady and is_well(watched.get(one.id)) for one in instances):
        return []
    if not should_run(host, app):
        forget(host, app)
        return []
    if holder(host.root, f"app:{app}"):
        look.skipped.add(str(app))  # processes that an operation stops and starts have not crashed
        return []
    statuses = list(running.status(instances))
    ended = any(has_ended(watched.get(status.instance.id, Watched()), status) for status in statuses)
    endings = look.endings(running) if ended else {}
    after: dict[str, Watched] = {}
    crashed: list[Instance] = []
    for status in statuses:
        one = status.instance
        before = watched.get(one.id, Watched())
        after[one.id], has_crashed = judged(before, status, endings.get(one.id, ()), look.now)
        if has_crashed:
            crashed.append(one)
    write_watched(host, app, after, before=watched)
    for one in crashed:
        announce(host, crash_of(after[one.id], f"app:{app}", one.dyno, last_lines(host.instances(app).logs, one), app))
    if not crashed and not any(one.down for one in after.values()):
        return []
    release = read_release(host, app, serving.release)
    return [Case(app, serving.id, release, after, statuses, bool(crashed))]


def start_due(look: Look, case: Case) -> list[str]:
    """Start the processes that are down and due for an attempt; returns the started dynos."""
    host, app, release = look.host, case.app, case.release
    policy = release.restart_policy
    due = [status for status in case.statuses if is_due(case.watched[status.instance.id], policy, look.now)]
    if not due:
        return []
    with operation(host, "restart", f"app:{app}", wait=0) as tx:
        serving = host.store.find(ServingFile, app)
        if not should_run(host, app) or serving is None or serving.id != case.deployment:
            return []  # it was stopped or deployed in the meantime
        attempted = {one.instance.id: tried(case.watched[one.instance.id], look.now, started=False) for one in due}
        write_watched(host, app, {**case.watched, **attempted}, before={})  # before the start, which may fail
        started = start_again(tx, app, release, due)
    for one in started:
        attempted[one.id] = tried(case.watched[one.id], look.now, started=True)
    write_watched(host, app, {**case.watched, **attempted}, before={})
    dynos = [one.dyno for one in started]
    if dynos:
        host.events.record("process_started", app=app, process=" ".join(dynos))
    return dynos


def start_again(tx: Transaction, app: AppName, release: Release, due: Sequence[InstanceStatus]) -> list[Instance]:
    """Start existing containers; a missing one is replaced by a new instance."""
    host = tx.host
    there = tuple(status.instance for status in due if status.state != "missing")
    gone = [status.instance for status in due if status.state == "missing"]
    started: list[Instance] = []
    if there:
        names = ", ".join(one.dyno for one in there)
        started += tx.step(f"start {names}", lambda: host.scheduler(app).resume(release, there), planned=there)
    if gone:
        formation = wanted_formation(host, app, release)
        converge(tx, release, formation, kind="restore", replaces=lambda process: False)
        started += gone
    return started


def roll_back(look: Look, case: Case) -> bool:
    """Roll back to the previous release if all instances of a new one crashed and the app's setting enables this."""
    from dokkupy_apps.processes.rollback import rollback

    host, app, release = look.host, case.app, case.release
    if PS.get(host.store, app, "rollback-on-crash") != "true":
        return False
    all_crashed = all(one.last and not one.stopped for one in case.watched.values())
    if not all_crashed or look.now - seconds_of(release.created_at) > ROLLBACK_SECONDS:
        return False
    earlier = [number for number in numbers(host, app) if number < release.number]
    given_up = set(host.store.load_derived(CrashesFile, app).given_up)
    if not earlier or max(earlier) in given_up:
        return False  # this release is itself the result of a rollback, so there is none to go back to
    to = max(earlier)
    forget(host, app, given_up=sorted({*given_up, release.number}))
    host.out.section(f"All instances of v{release.number} of {app} crashed: rolling back to v{to}")
    rollback(host, app, to)
    host.events.record("rolled_back_after_crash", app=app, release=str(release.number), to=str(to))
    return True


def seconds_of(stamp: str) -> float:
    import calendar

    return calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))


# the record


def write_watched(host: Host, app: AppName, after: Mapping[str, Watched], *, before: Mapping[str, Watched]) -> None:
    kept = {one: watched for one, watched in after.items() if watched != Watched()}
    if kept == dict(before) or not host.store.has_app(app):
        return
    host.store.save(host.store.load_derived(CrashesFile, app).replace(instances=kept), app)
    update_waiting_page(host, app=app)


def forget(host: Host, app: AppName, *, given_up: Sequence[int] | None = None) -> None:
    record = host.store.load_derived(CrashesFile, app)
    after = CrashesFile(given_up=tuple(given_up or record.given_up))
    if record != after:
        host.store.save(after, app)
