"""The findings of `doctor` about backups, and the numbers in the report."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError, HostError
from dokkupy_sdk.execute import environment
from dokkupy_sdk.many import over_each, warn_of
from dokkupy_sdk.model import Finding
from dokkupy_sdk.text import counted

from dokkupy_backups.names import SubjectName, TargetName
from dokkupy_backups.record import attempts
from dokkupy_backups.record.manifest import moment
from dokkupy_backups.record.stored import last, records, usable
from dokkupy_backups.repository.process import INSTALL
from dokkupy_backups.repository.restic import PROGRAM
from dokkupy_backups.schedule.due import PrunedFile, age, hours
from dokkupy_backups.schedule.stored import Schedule, read_schedule, readable, schedules
from dokkupy_backups.subject.offered import subjects
from dokkupy_backups.target.stored import read_key, read_target, target_names

CHECK = "backups"


def findings(host: Host, now: datetime) -> Iterator[Finding]:
    targets = target_names(host)
    if not targets:
        return
    if shutil.which(PROGRAM, path=environment()["PATH"]) is None:
        yield Finding(CHECK, "error", "restic is not installed: nothing can be backed up or restored", INSTALL)
    for name in targets:
        yield from with_faults(target_findings(host, name))
    yield from with_faults(all_schedules(host, now))


def with_faults(found: Iterator[Finding]) -> Iterator[Finding]:
    """A table that cannot be read is a finding, not an error of `doctor`."""
    try:
        yield from found
    except DokkupyError as error:
        yield Finding(CHECK, "error", error.message, error.hint)


def all_schedules(host: Host, now: datetime) -> Iterator[Finding]:
    known = subjects(host)
    found, broken = readable(host)
    for name, error in broken:
        yield Finding(CHECK, "error", str(error) or name, getattr(error, "hint", ""))
    for schedule in found:
        yield from schedule_findings(host, schedule, now, schedule.subject in known)


def target_findings(host: Host, name: TargetName) -> Iterator[Finding]:
    target = read_target(host, name)
    try:
        read_key(host, name)
    except HostError as error:
        yield Finding(CHECK, "error", error.message, error.hint)
        return
    if not target.key_shown:
        yield Finding(
            CHECK,
            "warning",
            f"the encryption key of the target {name} exists only on this host",
            f"Save it elsewhere: dokkupy backups:target-key {name}",
        )
    last = host.store.find(PrunedFile, target.name)
    if last is not None and last.error:
        yield Finding(CHECK, "warning", f"{name}: pruning failed: {last.error[:300]}", "dokkupy backups:prune")


def schedule_findings(host: Host, schedule: Schedule, now: datetime, exists: bool) -> Iterator[Finding]:
    name = schedule.subject
    if not exists:
        yield Finding(
            CHECK,
            "warning",
            f"{name} has a schedule, but does not exist on this host",
            f"dokkupy backups:unschedule {name}",
        )
        return
    troubles = {step: attempts.read(host, name, step) for step in ("backup", "verify")}
    for step, trouble in troubles.items():
        if trouble.failures:
            yield Finding(
                CHECK,
                "warning",
                f"{name}: {step} failed {counted(trouble.failures, 'time')}: {trouble.error[:300]}",
                f"Fix it, then: dokkupy backups:{'create' if step == 'backup' else 'verify'} {name}",
            )
    old, there = age(host, schedule, now)
    allowed = schedule.allowed_age()
    what = f"the last verified backup is {hours(old)} old" if there else f"no verified backup for {hours(old)}"
    if old > allowed:
        level = "error" if old > 2 * allowed else "warning"
        yield Finding(
            CHECK,
            level,
            f"{name}: {what}; the limit is {hours(allowed)}",
            f"dokkupy backups:create {name} && dokkupy backups:verify {name}",
        )
    elif not any(trouble.failures for trouble in troubles.values()):
        yield Finding(CHECK, "ok", f"{name}: {what if there else 'no verified backup yet'}")


def status_of(host: Host, now: datetime) -> Iterator[Finding]:
    """One line: how many schedules there are, and which are late."""
    found, broken = readable(host)
    late = [str(one.subject) for one in found if age(host, one, now)[0] > one.allowed_age()]
    if late or broken:
        names = ", ".join([*late, *(str(name) for name, _ in broken)])
        yield Finding(CHECK, "warning", f"late, or never verified: {names}", "dokkupy doctor says why")
    elif found:
        yield Finding(CHECK, "ok", f"{len(found)} scheduled, none is late")


def report_rows(host: Host, name: SubjectName | None, now: datetime) -> list[dict[str, Any]]:
    """A row for each subject that exists, has backups, or has a schedule."""
    known = {*subjects(host), *(one.subject for one in schedules(host)), *(one.subject for one in records(host))}
    if name is not None:
        return [row(host, name, now)] if name in known else []
    done, failed = over_each(sorted(known), lambda subject: row(host, subject, now))
    warn_of(host, failed)
    return [one for _, one in done]


def row(host: Host, subject: SubjectName, now: datetime) -> dict[str, Any]:
    found = usable(host, "service:read", records(host, subject))
    verified = last(found, lambda one: bool(one.verified) and not one.failed)
    newest = last(found, lambda one: one.why != "safety")
    schedule = read_schedule(host, subject)
    troubles = {step: attempts.read(host, subject, step) for step in ("backup", "verify")}
    age_hours = round((now - moment(verified.started)).total_seconds() / 3600, 1) if verified else None
    return {
        "subject": str(subject),
        "last-verified-age-hours": age_hours,
        "last-verified": verified.short if verified else "",
        "last-verified-at": verified.started if verified else "",
        "last-backup": newest.short if newest else "",
        "last-backup-at": newest.started if newest else "",
        "last-backup-size": newest.size if newest else 0,
        "last-backup-state": newest.state if newest else "",
        "backups": len(found),
        "schedule": schedule.row() if schedule else None,
        "overdue": age(host, schedule, now)[0] > schedule.allowed_age() if schedule else None,
        **{f"{step}-failures": trouble.failures for step, trouble in troubles.items()},
        **{f"{step}-error": trouble.error for step, trouble in troubles.items()},
    }
