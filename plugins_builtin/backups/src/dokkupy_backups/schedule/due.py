"""The time-driven work: `tick` looks whether anything is due, and starts a process of its own for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Busy, DokkupyError, Interrupted
from dokkupy_sdk.records import Record as StateRecord

from dokkupy_backups.names import TargetName
from dokkupy_backups.record import attempts
from dokkupy_backups.record.manifest import Record, moment, stamp
from dokkupy_backups.record.stored import last, records
from dokkupy_backups.run.create import create
from dokkupy_backups.run.exclusive import Now
from dokkupy_backups.run.retention import prune
from dokkupy_backups.run.verify import verify
from dokkupy_backups.schedule.stored import Schedule, local, note_served, policies, schedules
from dokkupy_backups.target.stored import read_target, target_names

LOCK = "backups-due"
PRUNE_EVERY = timedelta(days=1)
ANNOUNCE_EVERY = timedelta(days=1)


def local_now() -> datetime:
    return datetime.now().astimezone()


def tick(host: Host, *, clock: Now = local_now) -> None:
    """The job. A backup takes long, and others' jobs wait for this one: so it only starts the work."""
    if what_is_due(host, clock()):
        host.spawn("--quiet", "backups:run-due")


def what_is_due(host: Host, now: datetime) -> list[str]:
    """A line for each thing that is to be done now."""
    plans, targets = schedules(host), target_names(host)
    return [
        *(f"back {one.subject} up into {one.target}" for one in plans if backup_due(host, one, now)),
        *(f"verify the newest backup of {one.subject}" for one in plans if verify_due(host, one, now)),
        *(f"prune {name}" for name in targets if prune_due(host, name, now)),
        *(f"say that the last verified backup of {one.subject} is too old" for one in plans if overdue(host, one, now)),
    ]


def run_due(host: Host, *, clock: Now = local_now) -> list[str]:
    """Do what is due, one after the other. One's failure is noted and does not keep the others from theirs."""
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
    """One backup or proof. A failure that happened before it could be noted is noted here."""
    name, began = schedule.subject, clock()
    failures = attempts.read(host, name, step).failures
    try:
        if step == "backup":
            create(host, name, read_target(host, schedule.target), why="schedule", clock=clock)
        else:
            newest = newest_own(host, schedule)
            assert newest is not None  # else nothing was due
            verify(host, newest, clock=clock)
    except Interrupted:
        raise
    except Busy as error:
        return f"{name}: {error.message}"  # the next minute tries again
    except Exception as error:  # whatever it is, it is this subject's, and the others have their turn
        fault = attempts.as_fault(error, name)
        if attempts.read(host, name, step).failures == failures:
            attempts.note_failure(host, name, step, fault, clock())
            attempts.announce(host, name, "failed", attempts.text_of(fault))
        host.out.warn(f"{name}: {fault.message}")
        return f"{name}: {step} failed: {fault.message}"
    note_served(host, name, **{step: began})
    return f"{name}: {step} done"


def backup_due(host: Host, schedule: Schedule, now: datetime) -> bool:
    return schedule.cron.is_due(schedule.served, now) and may_try(host, schedule, "backup", now)


def verify_due(host: Host, schedule: Schedule, now: datetime) -> bool:
    newest = newest_own(host, schedule)
    if newest is None or newest.state == "verified" or not may_try(host, schedule, "verify", now):
        return False
    return schedule.verify is None or schedule.verify.is_due(schedule.verify_served, now)


def may_try(host: Host, schedule: Schedule, step: str, now: datetime) -> bool:
    next_try = attempts.read(host, schedule.subject, step).next_try
    return next_try is None or now >= next_try


def newest_own(host: Host, schedule: Schedule) -> Record | None:
    """The newest that counts: a safety backup is of what was about to be replaced."""
    return last(made_on_this_host(host, schedule), lambda one: one.why != "safety" and one.target == schedule.target)


def made_on_this_host(host: Host, schedule: Schedule) -> list[Record]:
    names = {read_target(host, name).host_name for name in target_names(host)}
    identity = schedule.subject.identity(host)
    return [one for one in records(host, schedule.subject) if one.host_name in names and one.identity == identity]


# how old


def last_verified(host: Host, schedule: Schedule) -> Record | None:
    return last(made_on_this_host(host, schedule), lambda one: bool(one.verified) and not one.failed)


def age(host: Host, schedule: Schedule, now: datetime) -> tuple[timedelta, bool]:
    """How old the last verified backup is, and whether there is one; without one, how long one has been owed."""
    found = last_verified(host, schedule)
    return now - (moment(found.started) if found else schedule.since), found is not None


def overdue(host: Host, schedule: Schedule, now: datetime) -> bool:
    """Whether it is too old and was not announced today."""
    if age(host, schedule, now)[0] <= schedule.allowed_age():
        return False
    return not schedule.announced or now - moment(schedule.announced) > ANNOUNCE_EVERY


def announce_overdue(host: Host, schedule: Schedule, clock: Now) -> str:
    """The alarm for backups that are no longer made, for any reason; it does not depend on a failure."""
    old, there = age(host, schedule, clock())
    what = f"the last verified backup is {hours(old)} old" if there else f"none was verified for {hours(old)}"
    attempts.announce(host, schedule.subject, "failed", f"{what}; allowed are {hours(schedule.allowed_age())}")
    note_served(host, schedule.subject, announced=clock())
    return f"{schedule.subject}: {what}"


def hours(span: timedelta) -> str:
    total = span.total_seconds() / 3600
    return f"{total / 24:.1f} days" if total >= 48 else f"{total:.1f} hours"


# space


class PrunedFile(StateRecord, file="backups/pruned/*"):
    """When a target was pruned last, and why that failed."""

    at: str
    error: str = ""


def prune_due(host: Host, name: TargetName, now: datetime) -> bool:
    """Once a day, where a schedule says what to keep."""
    if not any(keep.words() for keep in policies(host, name).values()):
        return False
    last = host.store.find(PrunedFile, name)
    return last is None or now - local(last.at) >= PRUNE_EVERY


def try_prune(host: Host, name: TargetName, clock: Now) -> str:
    """A failure is in the doctor's findings until a prune succeeds; it is tried again the next day."""
    at, reason = stamp(clock()), ""
    try:
        gone = prune(host, read_target(host, name), policies(host, name), clock=clock)
        line = f"{name}: {len(gone)} backups forgotten"
    except Interrupted:
        raise
    except DokkupyError as error:
        reason = attempts.text_of(error)[: attempts.WORDS]
        line = f"{name}: prune failed: {error.message}"
        host.out.warn(line)
    host.store.save(PrunedFile(at=at, error=reason), name)
    return line
