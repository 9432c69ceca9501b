"""The doctor's findings about scheduled tasks: failed last runs, and a timer that does not run."""

from __future__ import annotations

from collections.abc import Iterator

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Finding

from dokkupy_cron.runs.history import FAILED, HistoryFile
from dokkupy_cron.schedule.clock import Clock, stamp
from dokkupy_cron.schedule.firing import LATE
from dokkupy_cron.stored import CronFile, IndexFile, subject_of
from dokkupy_cron.tasks.task import schedule_of, tasks_of


def findings(host: Host) -> Iterator[Finding]:
    index = host.store.load_derived(IndexFile)
    late = sorted(name for name, due in index.next.items() if Clock().now() - due > LATE)
    if late:
        since = stamp(min(index.next[name] for name in late))
        yield Finding(
            "cron", "error", f"Tasks have been due since {since}, but the timer does not start them", "dokkupy setup"
        )
    count = 0
    for name in sorted({*index.next, *index.open}):
        try:
            found = list(subject_findings(host, name))
        except DokkupyError as error:
            found = [Finding("cron", "error", f"{name}: {error.message}", error.hint)]
        count += not found
        yield from found
    if count and not late:
        yield Finding("cron", "ok", f"The tasks of {count} apps run by their schedules")


def subject_findings(host: Host, name: str) -> Iterator[Finding]:
    app = subject_of(name)
    host.store.load(CronFile, app)
    for task in tasks_of(host, app).values():
        schedule_of(host, task)
        runs = host.store.load(HistoryFile, app, task.id).runs
        if runs and runs[-1].outcome in FAILED:
            last = runs[-1]
            code = f" with status {last.exit_code}" if last.exit_code else ""
            yield Finding(
                "cron",
                "warning",
                f"{name}: the task {task.id} {last.outcome}{code} at {last.ended}",
                f"cron:history {app or '--global'} {task.id}",
            )
