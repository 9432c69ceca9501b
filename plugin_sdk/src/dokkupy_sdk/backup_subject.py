"""The role BackupSubject: one thing that can be backed up, restored and proven; plugins offer theirs by the hook
`backup_subjects`, the backups plugin takes them to where they are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping


class BackupSubject(ABC):
    """A service, an app's volumes, or the host's own state. A dump is one stream of bytes, never a file in clear.

    name: `postgres:db`, `app:blog`, `host`; unique on the host. suffix: of the dump's file name (`dump`, `sql`, `tar`).

    Facts are invariants of the content, comparable as texts (`table public.posts: rows` -> `1200`, `schema` -> a hash).
    They are taken before and after a dump, since the content may change meanwhile. What a dump holds is right when each
    fact equals the one before or the one after, or lies between them where both are whole numbers. Facts whose name
    begins with `content` are sums over everything: they count only where before and after are the same.
    """

    name: str
    suffix: str

    def holds(self) -> bool:
        """Whether there is content now, which a restore would replace. Cheap."""
        return True

    @abstractmethod
    def describe(self) -> Mapping[str, str]:
        """What a restore on another host has to know: kind, image, version. Kept in clear beside the backup: no secret."""

    @abstractmethod
    def facts(self) -> Mapping[str, str]:
        """The facts of the living content. Raises HostError when it cannot be asked."""

    @abstractmethod
    def dump(self, write: Callable[[bytes], object]) -> None:
        """Hand the whole dump over in pieces. Raises HostError when any program on the way failed, whatever was
        written by then is worth nothing."""

    @abstractmethod
    def check(self, head: bytes, tail: bytes, size: int) -> None:
        """Raise HostError when a dump of this size that begins and ends so (up to 64 KiB each) cannot be whole."""

    @abstractmethod
    def prove(self, pieces: Iterable[bytes], about: Mapping[str, str]) -> Mapping[str, str]:
        """Restore a dump into a throw-away instance of what `about` (from `describe` at its time) says; returns the
        facts found in it. Nothing of it is left, whatever happens."""

    @abstractmethod
    def restore(self, pieces: Iterable[bytes], about: Mapping[str, str], *, to: str = "") -> None:
        """Replace the content by a dump's. to: make a new subject of this name for it instead (`db-copy`); raises
        Conflict when it is taken. On any failure the content is as before, or the new subject is not there."""
