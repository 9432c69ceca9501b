"""What a backup's words may be, parsed at the border. Light: no dataclasses."""

from __future__ import annotations

import re

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import Identifier, shown


class SubjectName(Identifier):
    """What is backed up: `host`, `postgres:db`, `app:blog`."""

    __slots__ = ()
    what = "Subject"
    rule = "is `host`, `app:NAME` or `KIND:NAME` of a service"
    pattern = re.compile(r"[a-z][a-z0-9-]{0,30}(?::[A-Za-z0-9][A-Za-z0-9._-]{0,127})?")

    @property
    def kind(self) -> str:
        return self.partition(":")[0]

    @property
    def slug(self) -> str:
        """The name as a path component."""
        return self.replace(":", "=")


class TargetName(Identifier):
    """The name under which a target is kept."""

    __slots__ = ()
    what = "Target name"
    rule = "may only contain lowercase letters, digits and hyphens (at most 40), and begins with a letter"
    pattern = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")


class BackupId(Identifier):
    """The beginning of a backup's id, which is restic's id of its snapshot."""

    __slots__ = ()
    what = "Backup id"
    rule = "has 6 to 64 hexadecimal digits, as `backups:list` shows them"
    pattern = re.compile(r"[0-9a-f]{6,64}")


class HostName(Identifier):
    """What a host is called in a repository."""

    __slots__ = ()
    what = "Host name"
    rule = "may only contain letters, digits, dots, underscores and hyphens (at most 64)"
    pattern = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def subject_or_id(text: str) -> SubjectName | BackupId:
    """An id where it can be one: no kind of subject is six hexadecimal digits."""
    return BackupId(text) if BackupId.pattern.fullmatch(text) else SubjectName(text)


SUBSET = re.compile(r"(?:100|[1-9][0-9]?)(?:\.[0-9]{1,2})?%")


class DataSubset(str):
    """How much of a repository's data `restic check` reads, such as `5%`; empty for none."""

    __slots__ = ()

    def __new__(cls, text: str) -> DataSubset:
        if text and not SUBSET.fullmatch(text):
            raise UserError(f"{shown(text)} is not a share of the data such as 5%")
        return super().__new__(cls, text)
