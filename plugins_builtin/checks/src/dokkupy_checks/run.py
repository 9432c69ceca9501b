"""All checks of all instances at once, watched: who exits meanwhile has failed at that moment."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping, Sequence

from dokkupy_sdk import Host
from dokkupy_sdk.errors import CheckFailed
from dokkupy_sdk.model import Instance, InstanceStatus, Release
from dokkupy_sdk.names import ProcessType

from dokkupy_checks.plan import Check
from dokkupy_checks.probe import Outcome, Probe

THREADS = 64
LOOK = 0.1
LOOK_LATER = 0.5
"""Seconds between looks at the instances: often while most things happen, then seldom."""

ENDED = ("exited", "restarting", "dead", "missing")


def run_checks(
    host: Host, release: Release, instances: Sequence[Instance], checks: Mapping[ProcessType, tuple[Check, ...]]
) -> None:
    """Raises CheckFailed with the instances at fault, as soon as one is; the other checks are then given up."""
    work = [(instance, check) for instance in instances for check in checks.get(instance.process, ())]
    if not work:
        return
    stop = threading.Event()
    before = {row.instance.id: row.restarts for row in host.scheduler(release.app).status(instances)}
    try:
        watch(host, release, instances, before, len(work), started(host, work, stop))
    finally:
        stop.set()


Outcomes = queue.SimpleQueue[Outcome | BaseException]


def started(host: Host, work: list[tuple[Instance, Check]], stop: threading.Event) -> Outcomes:
    """Threads at work, and where they put what they find. Daemons: a command that hangs must not keep us alive."""
    left: queue.SimpleQueue[tuple[Instance, Check]] = queue.SimpleQueue()
    outcomes: Outcomes = queue.SimpleQueue()
    for item in work:
        left.put(item)

    def probe() -> None:
        while not stop.is_set():
            try:
                instance, check = left.get_nowait()
            except queue.Empty:
                return
            try:
                outcomes.put(Probe(host, instance, check, stop).run())
            except BaseException as error:  # the main thread raises it
                outcomes.put(error)

    for number in range(min(THREADS, len(work))):
        threading.Thread(target=probe, name=f"check {number}", daemon=True).start()
    return outcomes


def watch(
    host: Host,
    release: Release,
    instances: Sequence[Instance],
    before: Mapping[str, int],
    pending: int,
    outcomes: Outcomes,
) -> None:
    """Tell of each check that ended, and look at the instances in between and once more at the end."""
    scheduler = host.scheduler(release.app)
    began = looked = time.monotonic()
    while True:
        found = collect(outcomes)
        pending -= len(found)
        failed = [outcome for outcome in found if not tell(host, outcome)]
        now = time.monotonic()
        if failed or not pending or now - looked >= (LOOK if now - began < 5 else LOOK_LATER):
            looked = now
            fallen = [row for row in scheduler.status(instances) if has_ended(row, before)]
            if fallen:
                raise CheckFailed(
                    "; ".join(epitaph(row) for row in fallen),
                    instances=tuple(row.instance for row in fallen),
                    hint="The last lines of its output say why. The old instances go on serving.",
                )
        if failed:
            from dokkupy_checks.notify import on_failure

            for outcome in failed:
                on_failure(host, release, outcome)
            raise CheckFailed(
                "; ".join(sentence(outcome) for outcome in failed),
                instances=tuple(dict.fromkeys(outcome.instance for outcome in failed)),
                hint="The old instances go on serving.",
            )
        if not pending:
            return


def collect(outcomes: Outcomes) -> list[Outcome]:
    """What ended by now; waits a moment for the first."""
    found: list[Outcome] = []
    wait = LOOK
    while True:
        try:
            outcome = outcomes.get(timeout=wait) if wait else outcomes.get_nowait()
        except queue.Empty:
            return found
        if isinstance(outcome, BaseException):
            raise outcome
        found.append(outcome)
        wait = 0


def has_ended(row: InstanceStatus, before: Mapping[str, int]) -> bool:
    return row.state in ENDED or row.restarts > before.get(row.instance.id, 0)


def epitaph(row: InstanceStatus) -> str:
    name = f"{row.instance.app} {row.instance.dyno}"
    if row.oom_killed:
        return f"{name} ran out of memory while it started"
    if row.state == "missing":
        return f"{name} was removed while it was checked"
    code = "" if row.exit_code is None else f" with exit code {row.exit_code}"
    return f"{name} exited{code} while it was checked"


def tell(host: Host, outcome: Outcome) -> bool:
    """Print what became of a check; False when it is a failure that counts."""
    where = f"{outcome.instance.dyno}: {outcome.check.name}"
    if outcome.stopped:
        return True
    if not outcome.error:
        host.out.detail(f"{where} passed")
        return True
    if outcome.check.warn:
        host.out.warn(f"{where} did not pass (a warning only): {outcome.error}")
        return True
    host.out.warn(f"{where} failed: {outcome.error}")
    return False


def sentence(outcome: Outcome) -> str:
    times = f" after {outcome.attempts} attempts" if outcome.attempts > 1 else ""
    return (
        f"Health check {outcome.check.name} of {outcome.instance.app} {outcome.instance.dyno} failed{times}: "
        f"{outcome.error}"
    )
