"""The role BackupSubject: one thing that can be backed up, verified and restored. Plugins offer theirs by the hook
`backup_subjects`; the plugin backups stores their dumps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping


class BackupSubject(ABC):
    """A service, an app's volumes, or the host's own state. A dump is a stream of bytes and never an unencrypted file.

    name: `postgres:db`, `app:blog`, `host`; unique on the host. suffix: of the dump's file name (`dump`, `sql`, `tar`).

    Invariants are properties of the content that a restore keeps, as texts (`table public.posts: rows` -> `1200`, `schema`
    -> a hash). They are read before and after a dump, because the content may change during it. A dump is correct if each
    of its invariants equals the one before or the one after, or lies between them if both are whole numbers. An invariant
    whose name begins with `content` is a checksum of everything, and is compared only if it was the same before and
    after.
    """

    name: str
    suffix: str

    def holds(self) -> bool:
        """Whether there is content that a restore would replace. Cheap."""
        return True

    @abstractmethod
    def describe(self) -> Mapping[str, str]:
        """What a restore on another host must know: kind, image, version. It is stored unencrypted beside the backup, so it
        must not contain secrets."""

    @abstractmethod
    def invariants(self) -> Mapping[str, str]:
        """The invariants of the current content. Raises HostError when they cannot be read."""

    @abstractmethod
    def dump(self, write: Callable[[bytes], object]) -> None:
        """Write the whole dump in pieces. Raises HostError when any program involved fails; the pieces are then worthless."""

    @abstractmethod
    def check(self, head: bytes, tail: bytes, size: int) -> None:
        """Raise HostError if a dump with this beginning and end (up to 64 KiB each) and this size must be incomplete."""

    @abstractmethod
    def verify(self, pieces: Iterable[bytes], about: Mapping[str, str]) -> Mapping[str, str]:
        """Restore a dump into a temporary instance and return its invariants. about: what `describe` returned at the time of the
        dump. The temporary instance is removed, even after a failure."""

    @abstractmethod
    def restore(self, pieces: Iterable[bytes], about: Mapping[str, str], *, to: str = "") -> None:
        """Replace the content by that of a dump. to: restore into a new subject of this name instead (`db-copy`); raises
        Conflict if it exists. A failure leaves the content as it was, and no new subject."""
