"""Dokku's backup commands of services (`postgres:backup`, ...), implemented by targets and schedules.

A bucket of a service becomes a target, whose name is made of the place, so that the same bucket is the same target.
"""

from __future__ import annotations

import hashlib
import re

from dokkupy_sdk.cron import Cron
from dokkupy_sdk.errors import NotFound, UserError
from dokkupy_sdk.names import Secret
from dokkupy_sdk.operation import Transaction, operation
from dokkupy_sdk.records import Record
from dokkupy_services.backup_role import ServiceBackups

from dokkupy_backups import add_remove_target
from dokkupy_backups.names import SubjectName, TargetName
from dokkupy_backups.run import create
from dokkupy_backups.run.retention import Keep
from dokkupy_backups.schedule import change
from dokkupy_backups.schedule import stored as schedule
from dokkupy_backups.schedule.due import local_now
from dokkupy_backups.target.location import parse_location
from dokkupy_backups.target.stored import Target, TargetFile, read_target

AMAZON = "https://s3.amazonaws.com"
KEEP = Keep(0, 14, 8, 12)
"""The default retention: two weeks, two months, a year. Dokku never deletes backups."""


class AuthFile(Record, file="backups/auth/*"):
    """The credentials for a service's buckets. words: arguments as for `backups:target-add`."""

    endpoint: str
    words: tuple[Secret, ...]


def slug(subject: str) -> str:
    return SubjectName(subject).slug


def forget_auth(tx: Transaction, subject: str) -> None:
    if tx.host.store.has_file("backups", "auth", slug(subject)):
        tx.remove(AuthFile, slug(subject))


def move_auth(tx: Transaction, old: str, new: str) -> None:
    found = tx.host.store.find(AuthFile, slug(old))
    if found is not None:
        tx.save(found, slug(new))
        tx.remove(AuthFile, slug(old))


class BucketBackups(ServiceBackups):
    """The role ServiceBackups by dokkupy-backups."""

    def authenticate(self, subject: str, key: str, secret: Secret, region: str, endpoint: str) -> None:
        endpoint = (endpoint or AMAZON).rstrip("/")
        parse_location(f"s3:{endpoint}/bucket")  # refuses an invalid address
        words = [f"access-key={key}", f"secret-key={secret.reveal()}", *([f"region={region}"] if region else [])]
        with operation(self.host, "backup-auth", f"backup:{subject}") as tx:
            tx.save(AuthFile(endpoint=endpoint, words=tuple(map(Secret, words))), slug(subject))

    def forget(self, subject: str) -> None:
        self.require_auth(subject)
        with operation(self.host, "backup-deauth", f"backup:{subject}", takes_away=True) as tx:
            forget_auth(tx, subject)

    def require_auth(self, subject: str) -> AuthFile:
        found = self.host.store.find(AuthFile, slug(subject))
        if found is None:
            kind, _, name = subject.partition(":")
            raise NotFound(
                f"No credentials are stored for the buckets of {subject}",
                hint=f"{kind}:backup-auth {name} KEY SECRET [REGION] [SIGNATURE-VERSION] [ENDPOINT]",
            )
        return found

    def target(self, subject: str, bucket: str) -> Target:
        """The bucket as a target, which is added if it is new."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,62}(/[A-Za-z0-9_][A-Za-z0-9._-]*)*", bucket):
            raise UserError(f"{bucket[:60]!r} is not the name of a bucket")
        auth = self.require_auth(subject)
        url, words = f"s3:{auth.endpoint}/{bucket}", [word.reveal() for word in auth.words]
        # The name depends on the credentials too, because two services may use one bucket with different keys.
        digest = hashlib.sha256("\n".join([url, *words]).encode()).hexdigest()[:8]
        name = TargetName(f"s3-{re.sub('[^a-z0-9]+', '-', bucket.lower())[:24].strip('-')}-{digest}")
        if self.host.store.find(TargetFile, name) is not None:
            return read_target(self.host, name)
        found, _, _ = add_remove_target.add(self.host, name, url, words)
        if not self.host.dry_run:
            self.host.out.warn(f"Save the key of these backups elsewhere now: dokkupy backups:target-key {name}")
        return found

    def backup(self, subject: str, bucket: str) -> str:
        record = create.create(self.host, SubjectName(subject), self.target(subject, bucket))
        return record.id if record else ""

    def schedule(self, subject: str, cron: str, bucket: str) -> None:
        target = self.target(subject, bucket)
        if self.host.dry_run:
            return
        change.make_schedule(self.host, SubjectName(subject), Cron(cron), target, KEEP, None, 0, local_now())

    def scheduled(self, subject: str) -> str:
        found = schedule.require_schedule(self.host, SubjectName(subject))
        return f"{found.cron} dokkupy backups:create {subject} --target {found.target}"

    def unschedule(self, subject: str) -> None:
        change.end(self.host, SubjectName(subject))
