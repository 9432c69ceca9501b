"""Scheduled work: `tick` checks whether anything is due, and starts a separate process for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from dokkupy_sdk import Host
from dokkupy_sdk.cron import Cron
from dokkupy_sdk.deletions import may_delete
from dokkupy_sdk.errors import Busy, DokkupyError, Interrupted
from dokkupy_sdk.records import Record as StateRecord

from dokkupy_backups.names import TargetName
from dokkupy_backups.record import attempts
from dokkupy_backups.record.manifest import Record, moment, stamp
from dokkupy_backups.record.stored import SET_BACK, last, records
from dokkupy_backups.run.create import create
from dokkupy_backups.run.exclusive import Now
from dokkupy_backups.run.retention import prune
from dokkupy_backups.run.verify import verify
from dokkupy_backups.schedule.stored import Schedule, note_served, policies, schedules
from dokkupy_backups.target.stored import read_target, target_names

LOCK = "backups-due"
PRUNE_EVERY = timedelta(days=1)
ANNOUNCE_EVERY = timedelta(days=1)


def local_now() -> datetime:
    return datetime.now().astimezone()


def tick(host: Host, *, clock: Now = local_now) -> None:
    """The timer's job. It only starts the work, because a backup takes long and other jobs would have to wait."""
    if what_is_due(host, clock()):
        host.spawn("--quiet", "backups:run-due")


def what_is_due(host: Host, now: datetime) -> list[str]:
    """A line for each step that is due."""
    plans, targets = schedules(host), target_names(host)
    return [
        *(f"back {one.subject} up into {one.target}" for one in plans if backup_due(host, one, now)),
        *(f"verify the newest backup of {one.subject}" for one in plans if verify_due(host, one, now)),
        *(f"prune {name}" for name in targets if prune_due(host, name, now)),
        *(
            f"report that the last verified backup of {one.subject} is too old"
            for one in plans
            if overdue(host, one, now)
        ),
    ]


def run_due(host: Host, *, clock: Now = local_now) -> list[str]:
    """Do the due steps one after the other. A failure is recorded and does not affect the others."""
    try:
        lock = host.lock(LOCK, wait=0, command=host.command or "backups:run-due")
    except Busy:
        return []
    lines: list[str] = []
    try:
        for one in schedules(host):
            if backup_due(host, one, clock()):
                lines.append(attempt(host, one, "backup", clock))
        for one in schedules(host):
            if verify_due(host, one, clock()):
                lines.append(attempt(host, one, "verify", clock))
        for name in target_names(host):
            if prune_due(host, name, clock()):
                lines.append(try_prune(host, name, clock))
        for one in schedules(host):
            if overdue(host, one, clock()):
                lines.append(announce_overdue(host, one, clock))
    finally:
        lock.release()
    return lines


def attempt(host: Host, schedule: Schedule, step: str, clock: Now) -> str:
    """Do one backup or verification. Records a failure that was not recorded yet."""
    name, began = schedule.subject, clock()
    failures = attempts.read(host, name, step).failures
    try:
        if step == "backup":
            create(host, name, read_target(host, schedule.target), why="schedule", clock=clock)
        else:
            newest = newest_own(host, schedule)
            assert newest is not None  # otherwise nothing would be due
            verify(host, newest, clock=clock)
    except Interrupted:
        raise
    except Busy as error:
        return f"{name}: {error.message}"  # the next minute tries again
    except Exception as error:  # any failure of this subject must not affect the others
        fault = attempts.as_fault(error, name)
        if attempts.read(host, name, step).failures == failures:
            attempts.note_failure(host, name, step, fault, clock())
            attempts.announce(host, name, "failed", attempts.text_of(fault))
        host.out.warn(f"{name}: {fault.message}")
        return f"{name}: {step} failed: {fault.message}"
    note_served(host, name, **{step: began})
    return f"{name}: {step} done"


def backup_due(host: Host, schedule: Schedule, now: datetime) -> bool:
    return is_due(schedule.cron, (schedule.since, schedule.served), now) and attempts.may_try(
        host, schedule.subject, "backup", now
    )


def is_due(cron: Cron, known: Iterable[datetime], now: datetime) -> bool:
    """known: when the schedule was made and served last. If only times of the future are known, because the clock was set
    back since, it is due at once."""
    past = [one for one in known if one <= now + SET_BACK]
    return not past or cron.is_due(max(past), now)


def verify_due(host: Host, schedule: Schedule, now: datetime) -> bool:
    newest = newest_own(host, schedule)
    if newest is None or newest.state == "verified" or not attempts.may_try(host, schedule.subject, "verify", now):
        return False
    return schedule.verify is None or is_due(schedule.verify, (schedule.since, schedule.verify_served), now)


def newest_own(host: Host, schedule: Schedule) -> Record | None:
    """The newest backup that is not a safety backup, because those contain replaced data."""
    return last(made_on_this_host(host, schedule), lambda one: one.why != "safety" and one.target == schedule.target)


def made_on_this_host(host: Host, schedule: Schedule) -> list[Record]:
    names = {read_target(host, name).host_name for name in target_names(host)}
    identity = schedule.subject.identity(host)
    return [one for one in records(host, schedule.subject) if one.host_name in names and one.identity == identity]


# age


def last_verified(host: Host, schedule: Schedule) -> Record | None:
    return last(made_on_this_host(host, schedule), lambda one: bool(one.verified) and not one.failed)


def age(host: Host, schedule: Schedule, now: datetime) -> tuple[timedelta, bool]:
    """The age of the last verified backup, and whether there is one. Without one, how long the schedule exists."""
    found = last_verified(host, schedule)
    return now - (moment(found.started) if found else schedule.since), found is not None


def overdue(host: Host, schedule: Schedule, now: datetime) -> bool:
    """Whether it is too old and has not been reported today."""
    if age(host, schedule, now)[0] <= schedule.allowed_age():
        return False
    return not schedule.announced or is_over(schedule.announced, now, ANNOUNCE_EVERY)


def is_over(since: str, now: datetime, span: timedelta) -> bool:
    """Whether a span has passed since then, or the clock was set back since."""
    return not timedelta(0) <= now - moment(since) < span


def announce_overdue(host: Host, schedule: Schedule, clock: Now) -> str:
    """Report subjects whose backups are overdue for any reason, even without a failure."""
    old, there = age(host, schedule, clock())
    what = f"the last verified backup is {hours(old)} old" if there else f"no backup was verified for {hours(old)}"
    attempts.announce(host, schedule.subject, "failed", f"{what}; the limit is {hours(schedule.allowed_age())}")
    note_served(host, schedule.subject, announced=clock())
    return f"{schedule.subject}: {what}"


def hours(span: timedelta) -> str:
    total = span.total_seconds() / 3600
    return f"{total / 24:.1f} days" if total >= 48 else f"{total:.1f} hours"


# space


class PrunedFile(StateRecord, file="backups/pruned/*"):
    """When a target was last pruned, and why that failed."""

    at: str
    error: str = ""


def prune_due(host: Host, name: TargetName, now: datetime) -> bool:
    """Prune once a day, if a schedule says what to keep."""
    if not any(keep.words() for keep in policies(host, name).values()):
        return False
    last = host.store.find(PrunedFile, name)
    return last is None or is_over(last.at, now, PRUNE_EVERY)


def try_prune(host: Host, name: TargetName, clock: Now) -> str:
    """Prune a target. A failure is a finding of `doctor` until a prune succeeds, and is retried the next day."""
    from dokkupy_sdk.text import counted

    at, reason = stamp(clock()), ""
    try:
        by_age = may_delete(host, f"backups-{name}", now=clock().timestamp())
        gone = prune(host, read_target(host, name), policies(host, name), clock=clock, by_age=by_age)
        line = f"{name}: {counted(len(gone), 'backup')} forgotten"
    except Interrupted:
        raise
    except DokkupyError as error:
        reason = attempts.text_of(error)[: attempts.WORDS]
        line = f"{name}: prune failed: {error.message}"
        host.out.warn(line)
    host.store.save(PrunedFile(at=at, error=reason), name)
    return line
