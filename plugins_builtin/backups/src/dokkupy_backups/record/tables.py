"""What the commands print about backups and targets. Cells are pure, if the terminal is given."""

from __future__ import annotations

import sys
import time

from dokkupy_sdk.lines import when
from dokkupy_sdk.sizes import in_units
from dokkupy_sdk.styles import BAD, GOOD
from dokkupy_sdk.table import Column, field, listing, report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from dokkupy_sdk.cli import CommandResult

    from dokkupy_backups.record.manifest import Record

BACKUPS = (
    Column("ID"),
    Column("SUBJECT"),
    Column("BEGAN"),
    Column("SIZE", right=True, optional=2),
    Column("STATE"),
    Column("BY", optional=3),
    Column("TARGET", optional=1),
)
STYLES = {"verified": GOOD, "failed": BAD}
TARGETS = (Column("TARGET"), Column("BACKUPS", right=True), Column("URL", wraps=True))


def backup_cells(one: Record, now: float, terminal: bool | None = None) -> tuple[str, ...]:
    for_people = sys.stdout.isatty() if terminal is None else terminal
    size = in_units(one.size) if for_people else str(one.size)
    return one.short, one.subject, when(one.started, now, terminal), size, one.state, one.why, one.target


def target_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return row["target"], str(row["backups"]), row["url"]


def backup_listing(found: Sequence[Record]) -> CommandResult:
    now = time.time()
    cells, rows = [backup_cells(one, now) for one in found], [one.row() for one in found]
    return listing(rows, BACKUPS, cells, styles=STYLES, empty="There is no backup yet: backups:create SUBJECT")


def target_listing(rows: Sequence[Mapping[str, Any]]) -> CommandResult:
    return listing(rows, TARGETS, [target_cells(row) for row in rows], empty="No target is set up: backups:target-add")


def detail_lines(record: Record, data: Mapping[str, Any]) -> list[str]:
    """data: of the record, as its command answers it."""
    lines = report(((name, value) for name, value in data.items() if not isinstance(value, dict)), 24)
    lines += [field(name, value, 24) for name, value in record.about.items()]
    return lines + [field(name, value, 40) for name, value in sorted(record.after.items())]


def report_lines(row: Mapping[str, Any], *, whole: bool = False) -> list[str]:
    plan = row["schedule"] or {}
    shown = {**row, "schedule": plan.get("cron", ""), "target": plan.get("target", "")}
    named = [(key.replace("-", " ").capitalize(), value) for key, value in shown.items() if key != "subject"]
    return report(named, whole=whole)
