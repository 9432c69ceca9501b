"""The role Datastore: what depends on the kind of server. The kit does everything else.

A plugin is a subclass in the entry point group `dokkupy.datastore`, under the name of its kind, and a group of commands:

    [project.entry-points."dokkupy.datastore"]
    postgres = "dokkupy_postgres.datastore:Postgres"

    [project.entry-points."dokkupy.commands"]
    postgres = "dokkupy_postgres.cli:group"

Every command that a datastore names runs inside the service's container, where it needs no password, or finds it in a
file of its recipe: no secret is on an argv. This module has all that a plugin imports for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, NoReturn, Protocol

from dokkupy_sdk import Host

from dokkupy_services.model import FILES, ContainerConfig, Service

__all__ = ["FILES", "Datastore", "ServiceExec", "ContainerConfig", "Service"]


class ServiceExec(Protocol):
    """Runs commands in the container of one service."""

    @property
    def service(self) -> Service: ...

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 60.0) -> str:
        """Run a program and return its standard output as text. Raises HostError with its output if its status is not 0."""

    def ok(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 10.0) -> bool:
        """Whether a program exits with 0. False if the container does not run."""


class Datastore(ABC):
    """One kind of datastore. Class attributes are its names; methods define how to use it.

    kind: the namespace of its commands, and the entry point's name. title: as people write it. image: the default,
    `REPOSITORY:TAG` of the official image. port: where the server listens; ports: that and others of its own. scheme: of
    its URL. alias: of the variable that a linked app gets (`DATABASE` -> `DATABASE_URL`). data: path of its data in the
    container, where the volume is mounted; empty when it keeps none. dumps: whether there are dump and restore, so
    export, import, clone, upgrade with data and backups. dumps_all: whether a dump has all databases of the server, and not
    the service's own alone. connects: whether there is a client to connect with.
    authenticates: whether the server knows passwords.
    suffix: of a dump's file name. dump_command: what a person runs elsewhere to make a dump that `import` takes; errors show
    it. import_magics: how a file that `import` takes may begin; anyhow when there are none. compressed_imports: whether `restore` itself reads what gzip compressed. stop_seconds: how long it is given to stop. start_seconds: how long it is given to
    answer when it is new.
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
        """argv that makes the content of a dump on standard input the service's content: what was there and is not in the
        dump is gone. Takes what `dump` and `export` make. Its status says whether all of it went in. It is only run on an
        instance that nobody uses yet."""
        raise NotImplementedError

    def read_import(self, service: Service, head: bytes, pieces: Iterator[bytes]) -> Iterable[bytes]:
        """What `restore` takes, made from a file that a person brings to `import`.

        head: how the file begins (up to 64 KiB). pieces: the whole of it, decompressed and in UTF-8 where it is text. Raises
        UserError, best before the first piece is taken, by `refuse_import`. By default the file as it is, when it begins
        with one of `import_magics`.
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
        """The same for what `export_all` makes. Pure."""
        return self.check_dump(head, tail, size)

    def invariants(self, inside: ServiceExec) -> Mapping[str, str]:
        """Invariants of the content: a hash of the schema, the number of rows of each table; the same in all versions of
        the server. See `dokkupy_sdk.roles.BackupSubject` for how they are compared."""
        raise NotImplementedError

    # versions

    def keeps_data(self, old: str, new: str) -> bool:
        """Whether a server of the version `new` runs on the data of `old` as it lies there, and the other way round: then
        an upgrade only changes the image. By default never: the data is dumped and restored."""
        return False
