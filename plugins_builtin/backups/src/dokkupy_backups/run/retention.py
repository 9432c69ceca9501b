"""Deletes old backups. restic's policy decides which, but the last verified backup of a subject is never deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict
from dokkupy_sdk.values import dataclass

from dokkupy_backups.names import SubjectName, TargetName
from dokkupy_backups.record.manifest import Record, moment
from dokkupy_backups.record.stored import SET_BACK, BackupFile, clean_up, last, own, records
from dokkupy_backups.repository.restic import Repository
from dokkupy_backups.run.exclusive import Now, now, working
from dokkupy_backups.settings import SETTINGS
from dokkupy_backups.target.stored import Target, read_target


@dataclass(frozen=True, slots=True)
class Keep:
    """How many backups to keep: the last ones, and the last of each day, week and month. If all are 0, everything."""

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    def words(self) -> list[str]:
        return [
            word
            for name in ("last", "daily", "weekly", "monthly")
            if (count := getattr(self, name))
            for word in (f"--keep-{name}", str(count))
        ]


def protected(found: Iterable[Record]) -> set[str]:
    """Ids of those that never go, of one host's records, newest first: of each subject the last verified one, and the
    newest, which is all that a subject has until one is verified."""
    newest: dict[SubjectName, str] = {}
    verified: dict[SubjectName, str] = {}
    for one in found:
        if one.why != "safety":
            newest.setdefault(one.subject, one.id)
        if one.verified and not one.failed:
            verified.setdefault(one.subject, one.id)
    return {*newest.values(), *verified.values()}


def removable(
    found: list[Record], forgettable: Collection[str], *, safety_before: datetime, kept: Collection[str]
) -> list[Record]:
    """What may go: by the policy, identified by the ids of their manifests, and old safety backups, which no policy counts."""
    return [
        one
        for one in found
        if one.id not in kept
        and (moment(one.started) < safety_before if one.why == "safety" else one.manifest in forgettable)
    ]


def forget(repository: Repository, host: Host, gone: list[Record]) -> None:
    """Delete the manifests first. After a kill, a dump without a manifest remains, which the next command removes."""
    repository.forget([one.manifest for one in gone])
    repository.forget([one.id for one in gone])
    for one in gone:
        host.store.remove(BackupFile, one.id)


def prune(
    host: Host, target: Target, policies: dict[SubjectName, Keep], *, clock: Now = now, by_age: bool = True
) -> list[Record]:
    """Delete what the policies do not keep, and free its space. policies: by subject. by_age: safety backups too."""
    with working(host, "backups:prune", target) as (tx, repository):
        if host.dry_run:
            tx.describe_plan(f"forget backups that no policy keeps, and free their space on {target.name}")
            return []
        clean_up(host, repository, always=True)
        mine = own(records(host, target=target.name), target.host_name)
        early = too_early(mine, clock())
        kept = protected(own(records(host), target.host_name)) | protected(mine)
        for subject in sorted(early):
            host.out.warn(f"No backup of {subject} is deleted: {early[subject]}")
        trusted = {subject: keep for subject, keep in policies.items() if subject not in early}
        days = timedelta(days=int(SETTINGS.get(host.store, None, "safety-days")))
        gone = removable(
            mine,
            forgettable(repository, trusted),
            safety_before=clock() - days if by_age else datetime.min.replace(tzinfo=UTC),
            kept=kept,
        )
        host.out.section(f"Deleting {len(gone)} of {len(mine)} backups on {target.name}")
        tx.step("forget", lambda: forget(repository, host, gone))
        tx.step("prune", repository.prune)
        tx.commit()
    return gone


def too_early(found: Iterable[Record], now: datetime) -> dict[SubjectName, str]:
    """Subject -> what to do, of those with a backup of the future: the clock was ahead when it was made. A policy takes such
    backups for the newest, and would delete those that are made now. Pure."""
    return {
        one.subject: f"its backup {one.short} is dated {one.started}, in the future. If the host's clock is right now, "
        f"delete that backup: dokkupy backups:delete {one.short}"
        for one in found
        if moment(one.started) > now + SET_BACK and one.why != "safety"
    }


def forgettable(repository: Repository, policies: dict[SubjectName, Keep]) -> set[str]:
    return {
        identifier
        for subject, keep in policies.items()
        if keep.words()
        for why in ("schedule", "hand")
        for identifier in repository.forgettable(keep.words(), "manifest", f"subject={subject}", f"why={why}")
    }


def delete(host: Host, record: Record) -> None:
    """Delete one backup. The next prune frees its space."""
    target = read_target(host, TargetName(record.target))
    with working(host, "backups:delete", target) as (tx, repository):
        if host.dry_run:
            tx.describe_plan(f"forget {record.short} of {record.subject}")
            return
        verified = last(
            own(records(host, record.subject), record.host_name), lambda one: bool(one.verified) and not one.failed
        )
        if verified is not None and verified.id == record.id and not host.force:
            raise Conflict(
                f"{record.short} is the last verified backup of {record.subject}",
                hint=f"Verify another first: dokkupy backups:verify {record.subject}, or use --force.",
            )
        tx.step(f"forget {record.short}", lambda: forget(repository, host, [record]))
        tx.commit()
