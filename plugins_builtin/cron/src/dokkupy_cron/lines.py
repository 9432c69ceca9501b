"""Tasks and runs as lines and as rows: pure."""

from __future__ import annotations

from dokkupy_sdk.cli import harmless
from dokkupy_sdk.lines import duration, when
from dokkupy_sdk.styles import BAD, GOOD
from dokkupy_sdk.table import Column

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from dokkupy_cron.runs.history import HistoryRow
    from dokkupy_cron.tasks.task import Task


def task_row(task: Task) -> dict[str, Any]:
    """Dokku's keys."""
    return {
        "id": task.id,
        "app": str(task.app or ""),
        "command": task.command,
        "global": task.app is None,
        "schedule": task.schedule,
        "concurrency_policy": task.policy,
        "maintenance": task.paused,
        "app-in-maintenance": task.in_maintenance,
        "task-in-maintenance": task.suspended,
    }


TASKS = (
    Column("ID"),
    Column("SCHEDULE"),
    Column("CONCURRENCY", optional=2),
    Column("PAUSED", optional=1),
    Column("COMMAND", wraps=True),
)
DOKKU_TASKS = tuple(map(Column, ("ID", "Schedule", "Concurrency", "Maintenance", "Command")))
RUNS = (
    Column("ID"),
    Column("STARTED"),
    Column("TOOK", right=True, optional=1),
    Column("EXIT", right=True),
    Column("OUTCOME"),
    Column("REASON"),
)
OUTCOMES = {"succeeded": GOOD, "failed": BAD, "lost": BAD}


def task_cells(task: Task) -> tuple[str, ...]:
    return task.id, task.schedule, task.policy, str(task.paused).lower(), task.command


def run_row(task: str, row: HistoryRow) -> dict[str, Any]:
    return {
        "task": task,
        "run": row.run,
        "outcome": row.outcome,
        "why": row.why,
        "firing": row.firing,
        "started": row.started,
        "ended": row.ended,
        "seconds": row.seconds,
        "exit_code": row.exit_code,
        "reason": row.reason,
        "lines": list(row.lines),
    }


def run_cells(task: str, row: HistoryRow, now: float, terminal: bool | None = None) -> tuple[str, ...]:
    return (
        task,
        when(row.started or row.ended, now, terminal),
        duration(row.seconds),
        "" if row.exit_code is None else str(row.exit_code),
        row.outcome,
        row.reason,
    )


def with_output(lines: Iterable[str], rows: Iterable[HistoryRow]) -> list[str]:
    """The lines of runs, each with the last lines that it printed below it."""
    found = []
    for line, row in zip(lines, rows, strict=True):
        found += [line, *(f"       {harmless(text)}" for text in row.lines)]
    return found
