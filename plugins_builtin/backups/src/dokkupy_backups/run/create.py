"""Creates a backup: it is done only after it was dumped, stored and read back."""

from __future__ import annotations

from collections.abc import Callable

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError, HostError, Interrupted
from dokkupy_sdk.operation import Transaction
from dokkupy_sdk.roles import BackupSubject
from dokkupy_sdk.values import replace

from dokkupy_backups import hookspecs
from dokkupy_backups.names import SubjectName
from dokkupy_backups.record import attempts
from dokkupy_backups.record.manifest import MANIFEST, Record, stamp
from dokkupy_backups.record.plausibility import implausible
from dokkupy_backups.record.stored import keep, last, own, records
from dokkupy_backups.repository.meter import Meter
from dokkupy_backups.repository.restic import Repository
from dokkupy_backups.run.exclusive import Now, now, working
from dokkupy_backups.settings import SETTINGS
from dokkupy_backups.subject.offered import plugins, require_subject
from dokkupy_backups.target.stored import Target


def create(
    host: Host,
    name: SubjectName,
    target: Target,
    *,
    why: str = "hand",
    accept_smaller: bool = False,
    clock: Now = now,
) -> Record | None:
    """Back a subject up; returns the record, None in a dry run. Raises HostError when it is not done, whatever the
    reason; the repository then has no backup of it that would be listed."""
    subject = require_subject(host, name)
    with working(host, "backups:create", target, name) as (tx, repository):
        if host.dry_run:
            tx.describe_plan(f"dump {name} into the target {target.name}", "read it back and compare")
            return None
        try:
            record = make(tx, repository, subject, name, why, accept_smaller, clock)
        except Interrupted:
            raise
        except Exception as error:
            fault = attempts.as_fault(error, name)
            failed(host, name, "backup", fault, clock)
            raise fault from error
        tx.commit()
        attempts.note_success(host, name, "backup")
    attempts.announce(host, name, "done")
    return record


def failed(host: Host, name: SubjectName, step: str, fault: DokkupyError, clock: Now) -> None:
    """Record the result and notify the observers. A full disk must not hide why the backup failed."""
    try:
        attempts.note_failure(host, name, step, fault, clock())
    except DokkupyError as error:
        host.out.warn(error.message)
    attempts.announce(host, name, "failed", attempts.text_of(fault))


def make(
    tx: Transaction,
    repository: Repository,
    subject: BackupSubject,
    name: SubjectName,
    why: str,
    accept_smaller: bool,
    clock: Now,
) -> Record:
    host, target = tx.host, repository.target
    host.out.section(f"Dumping {name} into {target.name}")
    host.hooks.emit(hookspecs.pre_backup, host=host, subject=str(name))
    started, meter = stamp(clock()), Meter()
    about, before = dict(subject.describe()), dict(subject.invariants())
    after: dict[str, str] = {}
    file = f"{name.replace(':', '-')}.{subject.suffix}"

    def fill(write: Callable[[bytes], None]) -> None:
        def one(piece: bytes) -> None:
            meter.add(piece)
            write(piece)

        subject.dump(one)

    def accept() -> None:
        after.update(subject.invariants())
        subject.check(meter.head, meter.tail, meter.size)
        require_plausible(host, name, target, meter.size, after, accept_smaller)

    tags = ["data", f"subject={name}", f"run={tx.id}"]
    given = tx.step(f"dump {name}", lambda: repository.store(file, tags, fill, accept))
    identifier = tx.step("find the snapshot", lambda: full_id(repository, given, tx.id))
    record = Record(
        identifier,
        "",
        name,
        str(target.name),
        target.host_name,
        file,
        meter.sha256,
        meter.size,
        started,
        why=why,
        about=about,
        before=before,
        after=after,
        plugins=plugins(host),
        identity=name.identity(host),
    )
    host.out.detail(f"{meter.size} bytes in snapshot {record.short}; reading it back")
    tx.step("read it back", lambda: read_back(repository, subject, record))
    record = replace(record, finished=stamp(clock()))

    def manifest() -> str:
        short = repository.store(MANIFEST, record.tags(), lambda write: write(record.body()))
        return full_id(repository, short, "", *manifest_tags(record))

    record = replace(record, manifest=tx.step("write the manifest", manifest))
    keep(tx, record)
    return record


def manifest_tags(record: Record) -> tuple[str, ...]:
    return ("manifest", f"snapshot={record.id}")


def full_id(repository: Repository, given: str, run: str, *tags: str) -> str:
    """restic 0.14 prints only the beginning of the id."""
    if len(given) == 64:
        return given
    found = [one.id for one in repository.snapshots(*(tags or ("data", f"run={run}"))) if one.id.startswith(given)]
    if len(found) != 1:
        raise HostError(
            f"The snapshot {given} is missing from the repository of {repository.target.name}, where it was just written",
            hint=f"Check it: dokkupy backups:target-check {repository.target.name}",
        )
    return found[0]


def require_plausible(
    host: Host, name: SubjectName, target: Target, size: int, facts: dict[str, str], accept_smaller: bool
) -> None:
    """Compare with the last verified backup, or with the last one if none is verified."""
    if accept_smaller:
        return
    mine, identity = own(records(host, name), target.host_name), name.identity(host)
    earlier = [one for one in mine if one.identity == identity and not one.failed and one.whole and one.why != "safety"]
    before = last(earlier, lambda one: bool(one.verified)) or last(earlier)
    if before is None:
        return
    percent = int(SETTINGS.get(host.store, None, "smallest-percent"))
    reason = implausible(size, facts, before.size, before.after, percent)
    if reason:
        raise HostError(
            f"The dump of {name} is not plausible: {reason}",
            code="implausible",
            hint=f"If the data is really that small: dokkupy backups:create {name} --accept-smaller",
        )


def read_back(repository: Repository, subject: BackupSubject, record: Record) -> None:
    meter = Meter()
    for _ in meter.through(repository.pieces(record.id, record.file)):
        pass
    require_same(meter, record)
    subject.check(meter.head, meter.tail, meter.size)


def require_same(meter: Meter, record: Record) -> None:
    if (meter.size, meter.sha256) != (record.size, record.sha256):
        raise HostError(
            f"The backup {record.short} of {record.subject} differs from what was sent: {meter.size} "
            f"bytes instead of {record.size}, checksum {meter.sha256[:12]} instead of {record.sha256[:12]}",
            code="damaged",
            hint=f"Do not rely on this backup. Check the target: dokkupy backups:target-check {record.target}",
        )
