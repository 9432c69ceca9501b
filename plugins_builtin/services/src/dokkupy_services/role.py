"""The role Datastore: what depends on the kind of server. The kit does everything else.

A plugin is a subclass in the entry point group `dokkupy.datastore`, under the name of its kind, and a group of commands:

    [project.entry-points."dokkupy.datastore"]
    postgres = "dokkupy_postgres.datastore:Postgres"

    [project.entry-points."dokkupy.commands"]
    postgres = "dokkupy_postgres.cli:group"

Every command of a datastore runs inside the service's container. There it requires no password, or reads it from one of
its files, so that no secret is an argument. A plugin imports everything that it requires from this module.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, NoReturn, Protocol

from dokkupy_sdk import Host

from dokkupy_services.model import FILES, ContainerConfig, Service

__all__ = ["FILES", "HANGS", "Datastore", "ServiceExec", "ContainerConfig", "Service"]

HANGS = 300.0
"""Seconds after which a program in a service's container is taken to hang. On an overloaded host, a shell that starts in a
second took more than one minute."""


class ServiceExec(Protocol):
    """Runs commands in the container of one service."""

    @property
    def service(self) -> Service: ...

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = HANGS) -> str:
        """Run a program and return its standard output as text. Raises HostError with its output if its status is not 0."""

    def ok(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 10.0) -> bool:
        """Whether a program exits with 0. False if the container does not run."""


class Datastore(ABC):
    """One kind of datastore. Class attributes describe it; methods define how to use it.

    kind: the namespace of its commands, and the name of its entry point. title: its name for people. image: the
    default, `REPOSITORY:TAG` of the official image. port: the server's main port; ports: this one and further ones.
    scheme: that of its URL. alias: the variable that a linked app gets (`DATABASE` -> `DATABASE_URL`). data: the path
    of its data in the container, where the volume is mounted; empty if it stores nothing. dumps: whether it has `dump`
    and `restore`, and therefore export, import, clone, upgrade with data and backups. dumps_all: whether a dump has all
    databases of the server, not only the service's own. connects: whether there is a client for `connect`.
    authenticates: whether the server has passwords. password_length: the fewest characters of one. suffix: that of a dump's file name. dump_command: the command with
    which people make a dump that `import` accepts; errors show it. import_magics: the possible beginnings of such a
    file; empty if any is accepted. compressed_imports: whether `restore` itself reads files compressed by gzip.
    stop_seconds: how long the server may take to stop. start_seconds: how long a new server may take to answer.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    image: ClassVar[str]
    port: ClassVar[int]
    ports: ClassVar[tuple[int, ...]]
    scheme: ClassVar[str]
    alias: ClassVar[str]
    data: ClassVar[str]
    dumps: ClassVar[bool] = True
    dumps_all: ClassVar[bool] = True
    connects: ClassVar[bool] = True
    authenticates: ClassVar[bool] = True
    password_length: ClassVar[int] = 8
    suffix: ClassVar[str] = "dump"
    dump_command: ClassVar[str] = "the server's own dump program"
    import_magics: ClassVar[tuple[bytes, ...]] = ()
    compressed_imports: ClassVar[bool] = False
    stop_seconds: ClassVar[int] = 60
    start_seconds: ClassVar[int] = 120

    def __init__(self, host: Host) -> None:
        self.host = host

    # the server

    def database_of(self, name: str) -> str:
        """The name of a service's database: Dokku's rule."""
        return name.replace(".", "_").replace("-", "_")

    def user_of(self, name: str) -> str:
        """The name of the user for apps; empty if the server has no users."""
        return self.database_of(name)

    @abstractmethod
    def container_config(self, service: Service) -> ContainerConfig:
        """The configuration of the container. Pure."""

    @abstractmethod
    def url(self, service: Service, hostname: str, port: int) -> str:
        """The URL with user and password for the service under this host name. Pure."""

    @abstractmethod
    def ready(self, inside: ServiceExec) -> bool:
        """Whether the server answers over the network, and not only to its own initialization."""

    def secure(self, inside: ServiceExec) -> None:  # noqa: B027 - most have something to do, not all
        """After the first start: create the user and database for apps, with the fewest permissions that they require.
        Idempotent, because it may have been killed."""

    @abstractmethod
    def version(self, inside: ServiceExec) -> str:
        """The running server's own version, such as `17.5`."""

    # users

    def connect(self, service: Service) -> tuple[str, ...]:
        """The argv of the server's client on a terminal, as administrator."""
        raise NotImplementedError

    # data

    def dump(self, service: Service) -> tuple[str, ...]:
        """The argv of a program whose standard output is a dump of the whole service, consistent if the server supports it."""
        raise NotImplementedError

    def export(self, service: Service) -> tuple[str, ...]:
        """The argv for `export`, in a format that the server's own tools read. By default `dump`."""
        return self.dump(service)

    def export_all(self, service: Service) -> tuple[str, ...]:
        """The argv for `export --all-databases`. By default `export`, where a dump has the whole server."""
        return self.export(service)

    def restore(self, service: Service) -> tuple[str, ...]:
        """The argv of a program that replaces the service's content by that of a dump on standard input; other content
        is removed. It accepts the output of `dump` and `export`. Its status is not 0 if anything was not restored. It
        only runs on an instance that nobody uses yet."""
        raise NotImplementedError

    def read_import(self, service: Service, head: bytes, pieces: Iterator[bytes]) -> Iterable[bytes]:
        """Convert the file of an `import` to what `restore` accepts.

        head: the beginning of the file (up to 64 KiB). pieces: the whole file, decompressed, and in UTF-8 if it is
        text. Raises UserError, preferably before the first piece is read, by `refuse_import`. By default the file is
        unchanged if it begins with one of `import_magics`.
        """
        if self.import_magics and not head.startswith(self.import_magics):
            self.refuse_import(service, head)
        return pieces

    def refuse_import(self, service: Service, head: bytes) -> NoReturn:
        """Raise UserError with the kind of the file, and the command that makes one that can be imported."""
        from dokkupy_sdk.errors import UserError

        from dokkupy_services.dump_formats import describe, into

        raise UserError(
            f"This is {describe(head)}, which {self.kind}:import cannot read",
            hint=f"Create a dump that it can read: {self.dump_command} | {into(service)}",
            code="unknown_dump",
        )

    def check_dump(self, head: bytes, tail: bytes, size: int) -> str:
        """Why a dump with this beginning and end (up to 64 KiB each) must be incomplete; empty if it may be complete. Pure."""
        return "" if size else "it is empty"

    def check_export_all(self, head: bytes, tail: bytes, size: int) -> str:
        """Like `check_dump`, for the output of `export_all`. Pure."""
        return self.check_dump(head, tail, size)

    def invariants(self, inside: ServiceExec) -> Mapping[str, str]:
        """Invariants of the content: a hash of the schema, the number of rows of each table; the same in all versions of
        the server. See `dokkupy_sdk.roles.BackupSubject` for how they are compared."""
        raise NotImplementedError

    # versions

    def keeps_data(self, old: str, new: str) -> bool:
        """Whether servers of the versions `old` and `new` can each use the data of the other unchanged. Then an upgrade
        only changes the image. By default False, so that the data is dumped and restored."""
        return False
