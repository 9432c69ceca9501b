"""Arguments of backup commands, which are parsed at the border. Uses no dataclasses, because most commands load it."""

from __future__ import annotations

import re

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName, Identifier, shown
from dokkupy_sdk.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk import Host


RECORDS = ("backups", "records")
"""The path of each backup's record, by its id."""


class SubjectName(Identifier):
    """The subject of a backup: `host`, `postgres:db`, `app:blog`. Only admins may use `host`."""

    __slots__ = ()
    noun = "subject"
    what = "Subject"
    rule = "is `host`, `app:NAME` or `KIND:NAME` of a service"
    pattern = re.compile(r"[a-z][a-z0-9-]{0,30}(?::[A-Za-z0-9][A-Za-z0-9._-]{0,127})?")

    @property
    def kind(self) -> str:
        return self.partition(":")[0]

    def owners(self, host: Host, namespace: str) -> tuple[AppName, ...]:
        from dokkupy_services.names import ServiceName

        kind, _, name = self.partition(":")
        if kind == "app":
            return (AppName(name),) if AppName.fits(name) else ()
        return ServiceName(name).owners(host, kind) if ServiceName.fits(name) else ()

    def identity(self, host: Host) -> str:
        """Of what has this name now: it separates its backups from those of an earlier one of the same name. Empty for the host,
        and when there is nothing of this name."""
        from dokkupy_apps.releases.private_names import identity_of
        from dokkupy_services import records
        from dokkupy_services.names import ServiceName

        kind, _, name = self.partition(":")
        if kind == "app":
            return identity_of(host, AppName(name)) if AppName.fits(name) else ""
        if not ServiceName.fits(name) or not records.has(host, kind, ServiceName(name)):
            return ""
        return records.read(host, kind, ServiceName(name)).id

    @property
    def slug(self) -> str:
        """The name as a path component."""
        return self.replace(":", "=")


class TargetName(Identifier):
    """The name of a target."""

    __slots__ = ()
    what = "Target name"
    rule = "may only contain lowercase letters, digits and hyphens (at most 40), and must begin with a letter"
    pattern = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")


class BackupId(Identifier):
    """The beginning of a backup's id, which is restic's id of its snapshot."""

    __slots__ = ()
    what = "Backup id"
    rule = "must have 6 to 64 hexadecimal digits, as `backups:list` shows them"
    pattern = re.compile(r"[0-9a-f]{6,64}")
    noun = "backup"

    def owners(self, host: Host, namespace: str) -> tuple[AppName, ...]:
        """The apps of the backup's subject."""
        found = [name for name in host.store.names(*RECORDS) if name.startswith(self)]
        if len(found) != 1:
            return ()
        one = host.store.load(BackupOwner, found[0]).backup
        return owners_of(host, one.subject, one.identity)


def owners_of(host: Host, subject: SubjectName, identity: str) -> tuple[AppName, ...]:
    """The apps to which a backup belongs. None if its subject is gone, even if something else now has its name."""
    return subject.owners(host, "") if identity and identity == subject.identity(host) else ()


class OwnedBackup(Record):
    """The subject of a backup."""

    subject: SubjectName
    identity: str = ""


class BackupOwner(Record, file="backups/records/*"):
    """The part of a backup's record that determines who may use it."""

    backup: OwnedBackup


class HostName(Identifier):
    """The name of a host in a repository."""

    __slots__ = ()
    what = "Host name"
    rule = "may only contain letters, digits, dots, underscores and hyphens (at most 64)"
    pattern = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class SubjectOrId(Identifier):
    """A subject, or the id of a backup. They differ, because no kind of subject is six hexadecimal digits."""

    __slots__ = ()
    what = "Subject"
    noun = "subject or backup"

    @classmethod
    def normalized(cls, text: str) -> str:
        return str(BackupId(text) if BackupId.pattern.fullmatch(text) else SubjectName(text))

    @property
    def meant(self) -> SubjectName | BackupId:
        return BackupId(self) if BackupId.pattern.fullmatch(self) else SubjectName(self)

    def owners(self, host: Host, namespace: str) -> tuple[AppName, ...]:
        return self.meant.owners(host, namespace)


class IdOrTime(Identifier):
    """The id of a backup, or a time."""

    __slots__ = ()
    what = "Backup"
    noun = "backup"

    @property
    def id(self) -> BackupId | None:
        return BackupId(self) if BackupId.pattern.fullmatch(self) and "-" not in self else None


SUBSET = re.compile(r"(?:100|[1-9][0-9]?)(?:\.[0-9]{1,2})?%")


class DataSubset(str):
    """The share of a repository's data that `restic check` reads, such as `5%`; empty for none."""

    __slots__ = ()

    def __new__(cls, text: str) -> DataSubset:
        if text and not SUBSET.fullmatch(text):
            raise UserError(f"{shown(text)} is not a percentage of the data such as 5%")
        return super().__new__(cls, text)
