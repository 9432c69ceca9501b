"""Restores a backup: first a safety backup, then the dump, which is checked as it is read."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, HostError, Interrupted
from dokkupy_sdk.roles import BackupSubject

from dokkupy_backups.names import SubjectName, TargetName
from dokkupy_backups.record import attempts
from dokkupy_backups.record.manifest import Record, moment
from dokkupy_backups.record.stored import completed, records
from dokkupy_backups.repository.meter import Meter
from dokkupy_backups.repository.restic import Repository
from dokkupy_backups.run.create import make, require_same
from dokkupy_backups.run.exclusive import Now, now, working
from dokkupy_backups.subject.offered import restorable, subjects
from dokkupy_backups.target.stored import Target, read_target


def restore(
    host: Host, name: SubjectName, record: Record, *, to: str = "", safety: bool = True, clock: Now = now
) -> Record | None:
    """Restore a backup over its subject, or with `to` as a new one. Returns the safety backup, None when there is none.

    record: of the same subject, or of another of its kind. On any failure the subject is as before, which its plugin
    promises; the stream of a dump whose checksum is wrong ends in an error before its end.
    """
    subject = require_place(host, name, record)
    target = read_target(host, TargetName(record.target))
    warn_of_newer(host, record)
    saved = None
    if safety and not to and not holds_nothing(host, name):
        saved = save(host, target, subject, name, clock)
    with working(host, "backups:restore", target, name) as (tx, repository):
        if host.dry_run:
            tx.describe_plan(
                f"restore {record.short} of {record.started} " + (f"as the new {to}" if to else f"over {name}")
            )
            return None
        record = completed(repository, record)
        host.out.section(f"Restoring {record.short} of {record.started}" + (f" as {to}" if to else ""))
        put(repository, subject, record, to)
    host.events.record("backup_restored", subject=str(name), backup=record.short, to=to)
    return saved


def save(host: Host, target: Target, subject: BackupSubject, name: SubjectName, clock: Now) -> Record | None:
    """Make the safety backup, which is kept even if the restore fails."""
    with working(host, "backups:create", target, name) as (tx, repository):
        if host.dry_run:
            tx.describe_plan(f"back {name} up into {target.name} first")
            return None
        try:
            return make(tx, repository, subject, name, "safety", True, clock)
        except Interrupted:
            raise
        except Exception as error:
            fault = attempts.as_fault(error, name)
            raise HostError(
                f"{name} could not be backed up before the restore: {fault.message}",
                details=fault.details,
                hint="Nothing was changed. To restore without that backup: --no-safety",
            ) from error


def put(repository: Repository, subject: BackupSubject, record: Record, to: str) -> None:
    meter = Meter()
    stream = meter.through(repository.pieces(record.id, record.file), end=lambda: require_same(meter, record))
    try:
        subject.restore(stream, record.about, to=to)
        for _ in stream:
            pass  # a restore may not need the end; the checksum does
    except Interrupted:
        raise
    except Exception as error:
        raise attempts.as_fault(error, record.subject) from error
    finally:
        stream.close()


def require_place(host: Host, name: SubjectName, record: Record) -> BackupSubject:
    if record.subject.kind != name.kind:
        raise Conflict(
            f"{record.short} is a backup of {record.subject}, from which {name} cannot be restored",
            hint=f"List its own backups: dokkupy backups:list {name}",
        )
    return restorable(host, name)


def holds_nothing(host: Host, name: SubjectName) -> bool:
    """Whether there is nothing that a restore would replace, so that no safety backup is made."""
    found = subjects(host).get(name)
    return found is None or not found.holds()


def warn_of_newer(host: Host, record: Record) -> None:
    """Warn if an older backup is used, because the newest one failed its verification."""
    for one in records(host, record.subject):
        if one.host_name == record.host_name and moment(one.started) > moment(record.started) and one.failed:
            host.out.warn(f"{one.short} of {one.started} is newer, but its verification failed: {one.failed[:200]}")
