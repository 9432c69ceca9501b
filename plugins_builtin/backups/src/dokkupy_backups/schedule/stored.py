"""Stored schedules, in one file per subject, and the maximum age of the last verified backup."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from dokkupy_sdk import Host
from dokkupy_sdk.cron import Cron
from dokkupy_sdk.errors import NotFound, StateError
from dokkupy_sdk.many import over_each, warn_of
from dokkupy_sdk.records import Record
from dokkupy_sdk.values import dataclass

from dokkupy_backups.names import SubjectName, TargetName
from dokkupy_backups.record.manifest import moment, stamp
from dokkupy_backups.run.retention import Keep


class ScheduleFile(Record, file="backups/schedules/*"):
    """A stored schedule; see `Schedule`."""

    subject: SubjectName
    cron: Cron
    target: TargetName
    keep: Keep
    since: str
    verify: Cron | None = None
    objective_hours: int = 0


class ServedFile(Record, file="backups/served/*"):
    """The last time at which each step of a schedule was done, and when it was last reported as overdue."""

    backup: str = ""
    verify: str = ""
    announced: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """verify: None to verify after each backup. objective: hours, 0 for twice the interval. since: when it was made;
    served, verified: the last firing of each that was dealt with. announced: when it was announced as overdue."""

    subject: SubjectName
    cron: Cron
    target: TargetName
    keep: Keep
    since: datetime
    served: datetime
    verify_served: datetime
    verify: Cron | None = None
    objective: int = 0
    announced: str = ""

    def allowed_age(self) -> timedelta:
        """The maximum age of the last verified backup: by default twice the longest interval of the schedule."""
        if self.objective:
            return timedelta(hours=self.objective)
        interval = self.cron.interval(self.since)
        if self.verify is not None:
            interval = max(interval, self.verify.interval(self.since))
        return 2 * interval

    def row(self) -> dict[str, Any]:
        return {
            "subject": str(self.subject),
            "cron": str(self.cron),
            "target": str(self.target),
            "keep-last": self.keep.last,
            "keep-daily": self.keep.daily,
            "keep-weekly": self.keep.weekly,
            "keep-monthly": self.keep.monthly,
            "verify": str(self.verify or ""),
            "objective-hours": self.objective,
            "since": stamp(self.since),
            "allowed-age-hours": round(self.allowed_age().total_seconds() / 3600, 1),
        }

    def record(self) -> ScheduleFile:
        return ScheduleFile(
            subject=self.subject,
            cron=self.cron,
            target=self.target,
            keep=self.keep,
            verify=self.verify,
            objective_hours=self.objective,
            since=stamp(self.since),
        )


def read_schedule(host: Host, subject: SubjectName) -> Schedule | None:
    return of_slug(host, subject.slug)


def schedule_of(made: ScheduleFile, served: ServedFile) -> Schedule:
    since = local(made.since)
    return Schedule(
        made.subject,
        made.cron,
        made.target,
        made.keep,
        since,
        local(served.backup or made.since),
        local(served.verify or made.since),
        made.verify,
        made.objective_hours,
        served.announced,
    )


def schedules(host: Host) -> list[Schedule]:
    """All schedules. A broken one is only a warning."""
    found, failed = readable(host)
    warn_of(host, failed)
    return found


def readable(host: Host) -> tuple[list[Schedule], list[tuple[str, Exception]]]:
    """(the schedules, the broken ones with the reason)."""
    names = host.store.names("backups", "schedules")
    done, failed = over_each(names, lambda name: of_slug(host, name))
    return [schedule for _, schedule in done if schedule], failed


def of_slug(host: Host, slug: str) -> Schedule | None:
    """The schedule of a subject. Raises StateError if it is broken."""
    made = host.store.find(ScheduleFile, slug)
    return schedule_of(made, host.store.load(ServedFile, slug)) if made is not None else None


def is_there(host: Host, subject: SubjectName) -> bool:
    """Whether a schedule exists, even a broken one, because it must be possible to remove it."""
    try:
        return host.store.find(ScheduleFile, subject.slug) is not None
    except StateError:
        return True


def require_schedule(host: Host, subject: SubjectName) -> Schedule:
    found = read_schedule(host, subject)
    if found is None:
        raise no_schedule(subject)
    return found


def no_schedule(subject: SubjectName) -> NotFound:
    return NotFound(f"{subject} has no schedule", hint=f'dokkupy backups:schedule {subject} "30 3 * * *"')


def note_served(host: Host, subject: SubjectName, **moments: datetime) -> None:
    """backup, verify, announced: when each was done."""
    stamps = {name: stamp(value) for name, value in moments.items()}
    host.store.save(host.store.load(ServedFile, subject.slug).replace(**stamps), subject.slug)


def policies(host: Host, target: TargetName) -> dict[SubjectName, Keep]:
    """Of a subject without one, as where its schedule is broken, nothing is forgotten."""
    return {one.subject: one.keep for one in schedules(host) if one.target == target}


def local(text: str) -> datetime:
    """A time in the host's time zone, which cron expressions use."""
    return moment(text).astimezone()
