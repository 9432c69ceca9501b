"""Creates and removes schedules."""

from __future__ import annotations

from datetime import datetime

from dokkupy_sdk import Host
from dokkupy_sdk.cron import Cron
from dokkupy_sdk.errors import Conflict, UserError
from dokkupy_sdk.operation import Transaction, operation

from dokkupy_backups.names import SubjectName
from dokkupy_backups.run.retention import Keep
from dokkupy_backups.schedule.stored import Schedule, ScheduleFile, ServedFile, is_there, no_schedule
from dokkupy_backups.subject.offered import require_subject
from dokkupy_backups.target.stored import Target, read_key

MOST_KEPT = 10_000
LONGEST_OBJECTIVE = 24 * 366


def make_schedule(
    host: Host,
    name: SubjectName,
    cron: Cron,
    target: Target,
    keep: Keep,
    verify: Cron | None,
    objective: int,
    now: datetime,
) -> Schedule:
    """Create or replace a subject's schedule. The first backup is at the schedule's next time."""
    require_subject(host, name)
    read_key(host, target.name)
    for count in (keep.last, keep.daily, keep.weekly, keep.monthly):
        if not 0 <= count <= MOST_KEPT:
            raise UserError(f"{count} is not a number of backups to keep, from 0 to {MOST_KEPT}")
    if not 0 <= objective <= LONGEST_OBJECTIVE:
        raise UserError(f"{objective} is not a number of hours from 1 to {LONGEST_OBJECTIVE}")
    schedule = Schedule(name, cron, target.name, keep, now, now, now, verify, objective)
    with operation(host, "backups:schedule", f"backup:{name}") as tx:
        tx.save(schedule.record(), name.slug)
    return schedule


def end(host: Host, name: SubjectName) -> None:
    if not is_there(host, name):
        raise no_schedule(name)
    with operation(host, "backups:unschedule", f"backup:{name}", takes_away=True) as tx:
        remove(tx, name)


def remove(tx: Transaction, name: SubjectName) -> None:
    tx.remove(ScheduleFile, name.slug)
    tx.remove(ServedFile, name.slug)


def end_schedule(host: Host, subject: str, tx: Transaction) -> None:
    """Refuse to destroy a subject that has a schedule, unless it is forced."""
    name = SubjectName(subject)
    if not is_there(host, name):
        return
    if not host.force:
        raise Conflict(
            f"{name} is backed up by a schedule",
            hint=f"Remove the schedule first; the backups stay: dokkupy backups:unschedule {name}",
        )
    remove(tx, name)


def move_schedule(tx: Transaction, old: str, new: str) -> None:
    """Move the schedule of a renamed subject."""
    before, after = SubjectName(old), SubjectName(new)
    made = tx.host.store.find(ScheduleFile, before.slug)
    if made is None:
        return
    tx.save(made.replace(subject=after), after.slug)
    served = tx.host.store.find(ServedFile, before.slug)
    if served is not None:
        tx.save(served, after.slug)
    remove(tx, before)
