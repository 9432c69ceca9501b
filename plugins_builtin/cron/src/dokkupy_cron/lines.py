"""Tasks and runs as lines and as rows: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
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


def task_lines(tasks: Iterable[Task]) -> list[str]:
    rows = [(one.id, one.schedule, one.policy, str(one.paused).lower(), one.command) for one in tasks]
    return table([("ID", "Schedule", "Concurrency", "Maintenance", "Command"), *rows])


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


def run_lines(rows: Sequence[tuple[str, HistoryRow]], *, output: bool) -> list[str]:
    """output: with the last lines of each run, below it."""
    cells = [
        (
            task,
            row.started or row.ended,
            f"{row.seconds:.1f}",
            "" if row.exit_code is None else str(row.exit_code),
            row.outcome,
            row.reason,
        )
        for task, row in rows
    ]
    head, *lines = table([("ID", "Started", "Seconds", "Exit", "Outcome", "Reason"), *cells])
    if not output:
        return [head, *lines]
    found = [head]
    for line, (_, row) in zip(lines, rows, strict=True):
        found += [line, *(f"       {text}" for text in row.lines)]
    return found


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
