"""Verification: checks the repository, restores the dump into a temporary instance and compares the invariants."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Busy, DokkupyError, HostError, Interrupted
from dokkupy_sdk.roles import BackupSubject
from dokkupy_sdk.values import replace

from dokkupy_backups.names import DataSubset, SubjectName, TargetName
from dokkupy_backups.record import attempts
from dokkupy_backups.record.manifest import Record, stamp
from dokkupy_backups.record.plausibility import differences
from dokkupy_backups.record.stored import BackupFile, completed, keep
from dokkupy_backups.repository.meter import Meter
from dokkupy_backups.repository.restic import Repository
from dokkupy_backups.run.create import failed, require_same
from dokkupy_backups.run.exclusive import Now, now, working
from dokkupy_backups.subject.offered import restorable
from dokkupy_backups.target.stored import read_target

NOT_ITS_FAULT = ("restic_missing", "key_lost", "wrong_key", "target_stuck", "ssh_refused")
"""Codes of errors that say nothing about a backup, because it could not be read."""


def verify(host: Host, record: Record, *, subset: DataSubset | None = None, clock: Now = now) -> Record | None:
    """Verify a backup. Returns its record; None in a dry run. Raises HostError with what is wrong."""
    name: SubjectName = record.subject
    subject = restorable(host, name)
    target = read_target(host, TargetName(record.target))
    with working(host, "backups:verify", target, name) as (tx, repository):
        if host.dry_run:
            tx.describe_plan(
                f"check the target {target.name}",
                f"restore {record.short} of {name} into a temporary copy, and compare the content",
            )
            return None
        try:
            verified = replace(
                verified_record(host, repository, subject, record, subset), verified=stamp(clock()), failed=""
            )
        except Interrupted:
            raise
        except Exception as error:
            fault = attempts.as_fault(error, name)
            if isinstance(error, NotVerified) or not isinstance(error, DokkupyError):
                note(host, record, fault)
            failed(host, name, "verify", fault, clock)
            raise fault from error
        keep(tx, verified)
        tx.commit()
        attempts.note_success(host, name, "verify")
    attempts.announce(host, name, "verified")
    return verified


class NotVerified(HostError):
    """The backup has changed, or cannot be restored."""

    code = "not_proven"


def note(host: Host, record: Record, fault: DokkupyError) -> None:
    """Record that the verification failed, although the operation is undone."""
    failed = replace(record, failed=attempts.text_of(fault)[: attempts.WORDS])
    host.store.save(BackupFile(backup=failed), record.id)


def verified_record(
    host: Host, repository: Repository, subject: BackupSubject, record: Record, subset: DataSubset | None
) -> Record:
    host.out.section(f"Verifying {record.short} of {record.subject} on {record.target}")
    damage = check(repository, subset or DataSubset(""))
    try:
        record = completed(repository, record)
        require_verified(repository, subject, record)
    except Busy:
        raise
    except Exception as error:
        fault = attempts.as_fault(error, record.subject)
        if fault.code in NOT_ITS_FAULT or (fault.code == "restic_failed" and not repository.exists()):
            raise fault from error  # if the target cannot be reached, nothing is known about the backup
        raise NotVerified(
            f"Backup {record.short} of {record.subject} failed verification: {fault.message}",
            details=fault.details,
            hint=fault.hint or "Make another: dokkupy backups:create " + record.subject,
        ) from error
    if damage is not None:
        raise damage
    host.out.detail(f"{len(record.after)} checked properties of the data match")
    return record


def check(repository: Repository, subset: DataSubset) -> HostError | None:
    """The damage that restic finds in the repository. It may affect only other backups."""
    try:
        repository.check(subset)
    except HostError as error:
        if error.code in NOT_ITS_FAULT:
            raise
        return error
    return None


def require_verified(repository: Repository, subject: BackupSubject, record: Record) -> None:
    meter = Meter()
    stream = meter.through(repository.pieces(record.id, record.file), end=lambda: require_same(meter, record))
    try:
        found = subject.verify(stream, record.about)
        for _ in stream:
            pass  # a restore may not need the end; the checksum does
    finally:
        stream.close()
    subject.check(meter.head, meter.tail, meter.size)
    wrong = differences(found, record.before, record.after)
    if wrong:
        raise NotVerified("its content differs from what was backed up", details=tuple(wrong))
