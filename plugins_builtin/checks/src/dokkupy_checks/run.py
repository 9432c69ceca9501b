"""All checks of all instances run at once, while the instances are watched: one that exits has failed at that
moment."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping, Sequence

from dokkupy_sdk import Host
from dokkupy_sdk.ending import how_it_ended, memory_limit
from dokkupy_sdk.errors import CheckFailed
from dokkupy_sdk.lines import duration, one_line, timed
from dokkupy_sdk.model import Instance, InstanceStatus, Release
from dokkupy_sdk.names import ProcessType
from dokkupy_sdk.values import replace
from dokkupy_sdk.waiting import waiting

from dokkupy_checks.plan import DEFAULT, Check
from dokkupy_checks.probe import Outcome, Probe
from dokkupy_checks.startup import Progress

THREADS = 64
LOOK = 0.1
LOOK_LATER = 0.5
"""Seconds between looks at the instances: first short, because most changes happen then, later longer."""

SOON = 15.0
"""Seconds for which the short interval is used."""

STEADY = 0.6
"""Seconds for which a web process must keep running after it answered, including the switch. A process whose workers or
background tasks fail at once ends within half a second."""

ENDED = ("exited", "restarting", "dead", "missing")

Work = list[tuple[Instance, Check]]
Found = queue.SimpleQueue[Outcome | str | BaseException]
"""What the threads report: the outcome of a check, a line for the user, an internal error."""


def run_checks(
    host: Host,
    release: Release,
    instances: Sequence[Instance],
    checks: Mapping[ProcessType, tuple[Check, ...]],
    *,
    new: bool = False,
) -> None:
    """Raises CheckFailed with the failed instances as soon as one fails; the other checks are then cancelled.

    new: they were started a moment ago, so one that the engine started again before the first look has ended, too.
    """
    work = [(instance, check) for instance in instances for check in checks.get(instance.process, ())]
    if not work:
        return
    stop = threading.Event()
    watch = Watch(host, release, instances, new=new)
    names = " ".join(dict.fromkeys(one.dyno for one, _ in work))
    try:
        with waiting(host.out, f"Checking {names}"):
            watch.until_all_ended(len(work), started(host, work, stop, watch.progress))
    finally:
        stop.set()


def stay_alive(host: Host, release: Release, instances: Sequence[Instance], *, since: float) -> None:
    """Raises CheckFailed when one of them ends within STEADY seconds. since: when they had answered, by the monotonic clock."""
    watch = Watch(host, release, instances, new=True)
    now = time.monotonic()
    while now < since + STEADY and watch.all_seem_alive(now):
        time.sleep(min(LOOK, since + STEADY - now))
        now = time.monotonic()
    watch.require_alive("right after it had answered")


def started(host: Host, work: Work, stop: threading.Event, progress: Mapping[str, Progress]) -> Found:
    """The threads that run checks, and their results. They are daemons, because a command that hangs must not keep the
    process alive."""
    left: queue.SimpleQueue[tuple[Instance, Check]] = queue.SimpleQueue()
    found: Found = queue.SimpleQueue()
    for item in work:
        left.put(item)

    def probe() -> None:
        while not stop.is_set():
            try:
                instance, check = left.get_nowait()
            except queue.Empty:
                return
            try:
                found.put(Probe(host, instance, check, stop, progress[instance.id], found.put).run())
            except BaseException as error:  # the main thread raises it
                found.put(error)

    for number in range(min(THREADS, len(work))):
        threading.Thread(target=probe, name=f"check {number}", daemon=True).start()
    return found


class Watch:
    """Watches instances while their checks run. After the first look, the engine is asked only if the processes of an
    instance are not visible, or if its first process is gone: an instance that was restarted has another one."""

    def __init__(self, host: Host, release: Release, instances: Sequence[Instance], *, new: bool) -> None:
        """new: they were started a moment ago, so one that the engine started again before the first look has ended, too."""
        self.host = host
        self.release = release
        self.instances = instances
        self.running = host.instances(release.app)
        before = () if new else self.running.status(instances)
        self.restarts = {row.instance.id: row.restarts for row in before}
        self.progress = {one.id: Progress() for one in instances}

    def until_all_ended(self, pending: int, found: Found) -> None:
        """Print the result of each check, and look at the instances first, in between and once more at the end."""
        began = looked = time.monotonic()
        self.all_seem_alive(began)
        self.require_alive()  # after the look at the processes, so that a restart shows in one of both
        while True:
            outcomes = collect(self.host, found)
            pending -= len(outcomes)
            failed = [outcome for outcome in outcomes if not report_outcome(self.host, outcome)]
            now = time.monotonic()
            is_last = bool(failed) or not pending
            if is_last or now - looked >= (LOOK if now - began < SOON else LOOK_LATER):
                looked = now
                if not self.all_seem_alive(now):
                    self.require_alive()
            if failed:
                self.fail(failed)
            if not pending:
                return

    def all_seem_alive(self, now: float) -> bool:
        """Whether the processes of all instances are visible and running."""
        seen = self.running.activity(self.instances)
        for instance, one in zip(self.instances, seen, strict=True):
            self.progress[instance.id].add(now, one)
        return all(one.known and one.alive for one in seen)

    def require_alive(self, when: str = "while it was checked") -> None:
        rows = [row for row in self.running.status(self.instances) if self.has_ended(row)]
        if rows:
            raise CheckFailed(
                "; ".join(f"{self.format_exit(row)} {when}" for row in rows),
                instances=tuple(row.instance for row in rows),
                states=tuple(rows),
            )

    def has_ended(self, row: InstanceStatus) -> bool:
        return row.state in ENDED or row.restarts > self.restarts.get(row.instance.id, 0)

    def format_exit(self, row: InstanceStatus) -> str:
        memory = memory_limit(self.release.deploy_options(row.instance.process))
        return f"{row.instance.app} {row.instance.dyno} {how_it_ended(row, memory)}"

    def fail(self, failed: Sequence[Outcome]) -> None:
        from dokkupy_checks.notify import on_failure

        instances = tuple(dict.fromkeys(outcome.instance for outcome in failed))
        listens = {outcome.instance.id: outcome.listens for outcome in failed}
        states = tuple(replace(row, listens=listens[row.instance.id]) for row in self.running.status(instances))
        for outcome in failed:
            on_failure(self.host, self.release, outcome)
        raise CheckFailed(
            "; ".join(sentence(outcome) for outcome in failed),
            instances=instances,
            states=states,
            hint=" ".join(dict.fromkeys(advice(outcome) for outcome in failed)).strip(),
        )


def collect(host: Host, found: Found) -> list[Outcome]:
    """The checks that have ended by now; waits a moment for the first."""
    outcomes: list[Outcome] = []
    wait = LOOK
    while True:
        try:
            one = found.get(timeout=wait) if wait else found.get_nowait()
        except queue.Empty:
            return outcomes
        if isinstance(one, BaseException):
            raise one
        if isinstance(one, str):
            host.out.detail(one)
            continue
        outcomes.append(one)
        wait = 0


def report_outcome(host: Host, outcome: Outcome) -> bool:
    """Print the outcome of a check; returns False for a failure that fails the deploy, which the error describes."""
    if outcome.stopped:
        return True
    if not outcome.error:
        host.out.detail(success(outcome))
        return True
    if outcome.check.warn:
        host.out.warn(
            f"{outcome.instance.dyno} did not pass the check {outcome.check.name!r} (warning only): {outcome.error}"
        )
        return True
    return False


def success(outcome: Outcome) -> str:
    """`web.1     GET /health 200     0.3 s`: what was asked, the answer, its time."""
    check, took = outcome.check, duration(outcome.seconds)
    if check.kind in ("uptime", "started"):
        return f"{outcome.instance.dyno:<9} up for {took}"
    what = {
        "path": f"GET {one_line(check.path, 30)} {outcome.answer}",
        "command": f"{one_line(' '.join(check.command), 30)}: exit 0",
        "listening": f"listens on port {outcome.port}",
    }.get(check.kind, f"answers on port {outcome.port}")
    return timed(f"{outcome.instance.dyno:<9} {what}", took)


def sentence(outcome: Outcome) -> str:
    times = f" after {outcome.attempts} attempts" if outcome.attempts > 1 else ""
    which = "its check" if outcome.check.name == DEFAULT else f"the check {outcome.check.name!r}"
    return f"{outcome.instance.app} {outcome.instance.dyno} failed {which}{times}: {outcome.error}"


def advice(outcome: Outcome) -> str:
    """Which property allows more time, and its current value."""
    app, check = outcome.instance.app, outcome.check
    if outcome.listens or check.kind not in ("answers", "listening", "path", "command"):
        return ""
    where = "" if check.name == DEFAULT else ", unless app.json sets it"
    return (
        f"If it takes longer to start: checks:set {app} attempts N (now {check.attempts}), timeout SECONDS "
        f"(now {check.timeout:g}) or wait SECONDS (between attempts, now {check.wait:g}){where}."
    )
