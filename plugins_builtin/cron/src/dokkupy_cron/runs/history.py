"""The results of runs: stored for each task, and announced."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.records import Record
from dokkupy_sdk.values import dataclass

from dokkupy_cron import hookspecs
from dokkupy_cron.schedule.clock import Clock, stamp
from dokkupy_cron.settings import SETTINGS
from dokkupy_cron.stored import STARTED, OpenRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_cron.stored import Subject

LAST_LINES, LONGEST_LINE = 10, 500
"""Lines of output that are stored for a run, and characters of each."""

FAILED = ("failed", "timed-out", "lost", "missed")


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that ended, or a firing that passed without one. app: None for a task of the host's own. run: its id. firing,
    started: UTC, RFC 3339; firing is empty for a run that somebody asked for, started for one that did not start. seconds: how
    long it ran. reason: in words, where the outcome does not say all. lines: its last output, without the app's variables."""

    app: AppName | None
    task: str
    run: str
    outcome: str
    why: str
    firing: str
    started: str
    ended: str
    seconds: float
    exit_code: int | None
    reason: str
    lines: tuple[str, ...]


def result_of(
    app: AppName | None,
    run: OpenRun,
    outcome: str,
    clock: Clock,
    *,
    seconds: float,
    exit_code: int | None,
    reason: str,
    lines: tuple[str, ...],
) -> Finished:
    """The result of a run that ends now. The duration of one that did not start is 0."""
    ran = run.phase == STARTED
    return Finished(
        app=app,
        task=run.task,
        run=run.id,
        outcome=outcome,
        why=run.why,
        firing=stamp(run.firing),
        started=stamp(run.began) if ran else "",
        ended=stamp(clock.now()),
        seconds=round(seconds, 1) if ran else 0.0,
        exit_code=exit_code,
        reason=reason,
        lines=lines,
    )


class HistoryRow(Record):
    """See `Finished`."""

    run: str
    outcome: str
    why: str = ""
    firing: str = ""
    started: str = ""
    ended: str = ""
    seconds: float = 0.0
    exit_code: int | None = None
    reason: str = ""
    lines: tuple[str, ...] = ()


class HistoryFile(Record, file="apps/*/cron-history/*"):
    """A task's runs, oldest first."""

    runs: tuple[HistoryRow, ...] = ()


def finish(host: Host, finished: Finished) -> None:
    """Announce and store a result. Does nothing for a run that is stored already, because a crash may repeat the
    call."""
    kept = host.store.load_derived(HistoryFile, finished.app, finished.task)
    if any(row.run == finished.run for row in kept.runs):
        return
    if finished.outcome != "succeeded":
        host.events.record(
            f"cron_{finished.outcome.replace('-', '_')}",
            **({"app": str(finished.app)} if finished.app is not None else {}),
            task=finished.task,
            run=finished.run,
            exit_code="" if finished.exit_code is None else str(finished.exit_code),
            reason=finished.reason,
            lines="\n".join(finished.lines),
        )
    host.hooks.notify(
        hookspecs.on_cron_finished,
        host=host,
        app=finished.app,
        task=finished.task,
        run=finished.run,
        outcome=finished.outcome,
        exit_code=finished.exit_code,
        seconds=finished.seconds,
        reason=finished.reason,
        lines=finished.lines,
    )
    row = HistoryRow(
        **{name: getattr(finished, name) for name in Finished.__dataclass_fields__ if name not in ("app", "task")}
    )
    most = int(SETTINGS.get(host.store, finished.app, "history"))
    host.store.save(kept.replace(runs=(*kept.runs, row)[-most:]), finished.app, finished.task)


def history_of(host: Host, app: Subject, task: str = "") -> list[tuple[str, HistoryRow]]:
    """(task, run) of one task or all, oldest first."""
    place = ("apps", str(app)) if app is not None else ("global",)
    names = [task] if task else host.store.names(*place, "cron-history")
    rows = [(name, row) for name in names for row in host.store.load(HistoryFile, app, name).runs]
    return sorted(rows, key=lambda one: one[1].ended)


def without_values(lines: Iterable[str], values: Iterable[str]) -> tuple[str, ...]:
    """Lines with the values of variables masked. Short values, such as `true`, are not secrets."""
    hidden = sorted((value for value in values if len(value) >= 8), key=len, reverse=True)
    found = []
    for line in lines:
        for value in hidden:
            line = line.replace(value, "***")
        found.append(line[:LONGEST_LINE])
    return tuple(found)
