"""A datastore whose dump is an archive of its files, for servers without a dump of their own.

The server is frozen while its files are copied inside its container. Then it continues, and the copy is sent. The files
are therefore in the state in which a power cut would leave them. So the server must be able to recover from a power
cut, and a newer version must read the files of an older one. The image must have a shell, tar, flock and setsid, like
those based on Debian and Alpine.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import ClassVar

from dokkupy_services.role import Datastore, Service, ServiceExec

END = b"dokkupy-end-of-dump"
"""Name of the archive's last file."""

FORMAT = slice(257, 262)
"""The position of `ustar` in a tar archive."""


class FileDatastore(Datastore):
    """A datastore whose dump is an archive of its files. freeze_seconds: how long the server may be frozen. The dump
    fails if copying takes longer."""

    suffix = "tar"
    freeze_seconds: ClassVar[int] = 60

    @property
    def dump_command(self) -> str:  # type: ignore[override]
        return f"dokkupy {self.kind}:export SERVICE"

    def started(self, *argv: str) -> tuple[str, ...]:
        """The command of the container that starts the server with this argv."""
        return ("sh", "-euc", script("run.sh"), "server", *argv)

    @abstractmethod
    def answers(self, service: Service) -> tuple[str, ...]:
        """The argv of a program that exits with 0 when the server answers."""

    def ready(self, inside: ServiceExec) -> bool:
        return inside.ok(self.answers(inside.service))

    def dump(self, service: Service) -> tuple[str, ...]:
        return ("sh", "-euc", script("dump.sh"), "dump", self.data, str(self.freeze_seconds))

    def restore(self, service: Service) -> tuple[str, ...]:
        return ("sh", "-euc", script("restore.sh"), "restore", self.data, *self.answers(service))

    def read_import(self, service: Service, head: bytes, pieces: Iterator[bytes]) -> Iterable[bytes]:
        if head[FORMAT] != b"ustar":
            self.refuse_import(service, head)
        return pieces

    def check_dump(self, head: bytes, tail: bytes, size: int) -> str:
        return "" if head[FORMAT] == b"ustar" and END in tail else "the end of the archive is missing"


@cache
def script(name: str) -> str:
    return (Path(__file__).parent / name).read_text()
