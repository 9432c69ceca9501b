"""The host's records of backups, which are synchronized with the repositories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from dokkupy_sdk import Host
from dokkupy_sdk.access import allowed
from dokkupy_sdk.errors import Conflict, NotFound
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction
from dokkupy_sdk.records import Record as StateRecord
from dokkupy_sdk.values import replace

from dokkupy_backups.names import BackupId, SubjectName, TargetName, owners_of
from dokkupy_backups.record.manifest import MANIFEST, Record, from_tags, moment
from dokkupy_backups.repository.restic import Repository, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.figures import Figure

SET_BACK = timedelta(hours=1)
"""What is further in the future was recorded before the host's clock was set back."""

HALVES = frozenset({"data", "manifest"})
"""The tags that mark a backup's two snapshots."""


class BackupFile(StateRecord, file="backups/records/*"):
    """A backup's record, `backups/records/ID.toml`."""

    backup: Record


class InterruptedFile(StateRecord, file="backups/interrupted/*"):
    """Whether work on a target was interrupted."""

    interrupted: bool = True


def records(host: Host, subject: SubjectName | None = None, target: TargetName | None = None) -> list[Record]:
    """Newest first. Those of the future come last, because the clock was ahead when they were made."""
    found = []
    for name in host.store.names("backups", "records"):
        file = host.store.find(BackupFile, name)
        one = file.backup if file is not None else None
        if one and (subject is None or one.subject == subject) and (target is None or one.target == target):
            found.append(one)
    limit = wall_clock() + SET_BACK
    return sorted(found, key=lambda one: (moment(one.started) <= limit, one.started, one.id), reverse=True)


def wall_clock() -> datetime:
    return datetime.now(UTC)


def verified_at(host: Host, apps: Sequence[AppName]) -> Iterator[Figure]:
    """When the newest verified backup of each app's own volumes began."""
    from dokkupy_sdk.figures import Figure

    wanted = {f"app:{app}": app for app in apps}
    for one in records(host):
        if one.verified and not one.failed and (app := wanted.pop(str(one.subject), None)):
            yield Figure(app, "backup_verified_at", one.started)


class Usable:
    """A backup as the subject of a permission: it belongs to the owners of its subject."""

    noun = "backup"

    def __init__(self, record: Record) -> None:
        self.record = record

    def owners(self, host: Host, namespace: str) -> tuple[AppName, ...]:
        return owners_of(host, self.record.subject, self.record.identity)


def usable(host: Host, permission: str, found: Iterable[Record]) -> list[Record]:
    """The backups for which the caller has the permission."""
    return [one for one in found if allowed(host, permission, Usable(one))]


def require_record(host: Host, identifier: BackupId) -> Record:
    """The backup whose id begins with this text. Raises NotFound, or Conflict if there are several."""
    names = [name for name in host.store.names("backups", "records") if name.startswith(identifier)]
    if not names:
        raise NotFound(f"There is no backup {identifier}", hint="dokkupy backups:list --refresh asks the targets.")
    if len(names) > 1:
        raise Conflict(f"The ids of several backups begin with {identifier}", hint="Give more digits.")
    found = host.store.find(BackupFile, names[0])
    if found is None:
        raise NotFound(f"There is no backup {identifier}", hint="dokkupy backups:list --refresh asks the targets.")
    return found.backup


def last(found: Iterable[Record], fits: Callable[[Record], bool] = lambda _: True) -> Record | None:
    return next((one for one in found if fits(one)), None)


def own(found: Iterable[Record], host_name: str) -> list[Record]:
    return [one for one in found if one.host_name == host_name]


def choose(
    found: list[Record], subject: SubjectName, at: datetime | None, host_name: str, *, proven: bool = False
) -> Record:
    """The newest backup of a subject, or the newest that began by then. Another host's only when there is no choice.
    proven: only those that were verified. One whose proof failed is taken only by its id, and so is a safety backup, which
    is of what somebody wanted to be rid of."""
    fitting = [
        one
        for one in found
        if one.subject == subject
        and one.why != "safety"
        and not one.failed
        and (one.verified or not proven)
        and (at is None or moment(one.started) <= at)
    ]
    fitting = own(fitting, host_name) or fitting
    if not fitting:
        when = f" at {at:%Y-%m-%d %H:%M %Z}" if at else ""
        raise NotFound(
            f"There is no complete backup of {subject}{when}", hint=f"dokkupy backups:list {subject} lists the backups."
        )
    hosts = sorted({one.host_name for one in fitting})
    if len(hosts) > 1:
        raise Conflict(
            f"There are backups of {subject} of several other hosts: {', '.join(hosts)}", hint="Give the id of one."
        )
    return fitting[0]


def completed(repository: Repository, record: Record) -> Record:
    """The record with its whole manifest, which is fetched if only its tags are known."""
    if record.whole:
        return record
    return record.completed(b"".join(repository.pieces(record.manifest, MANIFEST)))


def keep(tx: Transaction, record: Record) -> None:
    tx.save(BackupFile(backup=record), record.id)


# synchronization with the repository


def follow(host: Host, repository: Repository, snapshots: list[Snapshot]) -> list[str]:
    """Make the records of a target those that its manifests say; returns the ids of this host's halves:
    dumps without a manifest, and the other way round.

    The caller holds the target's lock. Proofs are this host's own knowledge and stay.
    """
    name = str(repository.target.name)
    dumps = {one.id: one for one in snapshots if "data" in one.marks}
    known = {one.id: one for one in records(host, target=repository.target.name)}
    found: dict[str, Record] = {}
    for one in snapshots:
        record = from_tags(one.id, one.host, one.tags, name) if "manifest" in one.marks else None
        if record is None or record.id not in dumps:
            continue
        old = known.get(record.id)
        found[record.id] = replace(old, manifest=one.id) if old else record
    for identifier in known.keys() - found.keys():
        host.store.remove(BackupFile, identifier)
    for identifier, record in found.items():
        if known.get(identifier) != record:
            host.store.save(BackupFile(backup=record), identifier)
    mine = repository.target.host_name
    partners = {record.manifest for record in found.values()} | found.keys()
    return [one.id for one in snapshots if one.id not in partners and one.host == mine and one.marks & HALVES]


# interrupted work


def note_interrupted(host: Host, *, target: str) -> None:
    """Record that work on a target was interrupted, so that the next command there cleans up. Does not contact the target.
    An undo calls it with the target's lock held."""
    host.store.save(InterruptedFile(interrupted=True), target)


def clean_up(host: Host, repository: Repository, *, always: bool = False) -> bool:
    """Remove what interrupted work left on a target: locks of dead processes, and dumps without a manifest. Add records of
    backups that only the repository has. The caller holds the target's lock. Returns whether there was anything to do."""
    name = str(repository.target.name)
    if not always and host.store.find(InterruptedFile, name) is None:
        return False
    repository.unlock()
    remainders = follow(host, repository, repository.snapshots())
    repository.forget(remainders)
    host.store.remove(InterruptedFile, name)
    return True
