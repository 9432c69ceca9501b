"""MySQL, by its official image (https://hub.docker.com/_/mysql), and everything that MariaDB shares with it.

The administrator connects by the local socket as `root`, who exists only for `localhost`. Apps connect over the network
as a user with all rights on their database and none elsewhere. Passwords are in option files, and programs get the
names of these files. https://dev.mysql.com/doc/refman/8.4/en/
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar
from urllib.parse import quote

from dokkupy_sdk.names import Secret
from dokkupy_services.role import FILES, ContainerConfig, Datastore, Service, ServiceExec

from dokkupy_mysql import sql, sql_dumps, streams

ADMIN, APP = f"--defaults-extra-file={FILES}/admin.cnf", f"--defaults-extra-file={FILES}/app.cnf"
CHARSET = "--default-character-set=utf8mb4"
LONGEST_USER = 32
HOURS = 3600.0
FOR_INVARIANTS = 6 * HOURS
"""The time for reading every row once; ten million rows take about a minute."""


class MySQL(Datastore):
    """The family of MySQL. Its servers differ in the class attributes.

    variables: prefix of the image's variables. client, dumper, asker: its programs. server_options: options of the
    server. dump_options: further options of the dumper. accounts: see `sql.Accounts`. steady: the first series within
    which every version can use the data of every other.
    """

    kind = "mysql"
    title = "MySQL"
    image = "mysql:8.4"
    port = 3306
    ports = (3306,)
    scheme = "mysql"
    alias = "DATABASE"
    data = "/var/lib/mysql"
    suffix = "sql"
    dumps_all = False
    dump_command = "mysqldump --single-transaction --routines --triggers DATABASE"
    stop_seconds = 120
    start_seconds = 180

    variables: ClassVar[str] = "MYSQL"
    client: ClassVar[str] = "mysql"
    dumper: ClassVar[str] = "mysqldump"
    asker: ClassVar[str] = "mysqladmin"
    # No binary log: nothing reads it, it fills the disk, and with it only a superuser may create functions and
    # triggers.
    server_options: ClassVar[tuple[str, ...]] = ("--skip-log-bin",)
    dump_options: ClassVar[tuple[str, ...]] = ("--set-gtid-purged=OFF",)
    accounts: ClassVar[sql.Accounts] = sql.MYSQL_ACCOUNTS
    # A downgrade is possible within a long-term series since 8.4, but not in 8.0
    # (https://dev.mysql.com/doc/refman/8.4/en/downgrading.html).
    steady: ClassVar[tuple[int, ...]] = (8, 4)

    # names and configuration

    def user_of(self, name: str) -> str:
        user = sql.free(super().user_of(name), sql.RESERVED_USERS)
        if len(user) <= LONGEST_USER:
            return user
        return f"{user[: LONGEST_USER - 9]}_{hashlib.sha256(user.encode()).hexdigest()[:8]}"

    def database_of(self, name: str) -> str:
        return sql.free(super().database_of(name), sql.SYSTEM)

    def container_config(self, service: Service) -> ContainerConfig:
        return ContainerConfig(
            env={
                f"{self.variables}_ROOT_PASSWORD_FILE": Secret(f"{FILES}/root-password"),
                f"{self.variables}_ROOT_HOST": Secret("localhost"),
                # Without any account for the network, the server closes each connection without an answer, so `ready`
                # would fail.
                f"{self.variables}_USER": Secret(service.user),
                f"{self.variables}_PASSWORD_FILE": Secret(f"{FILES}/password"),
            },
            files={
                "root-password": service.root_password,
                "password": service.password,
                "admin.cnf": sql.option_file("root", service.root_password),
                "app.cnf": sql.option_file(service.user, service.password),
            },
            command=self.server_options or None,
        )

    def url(self, service: Service, hostname: str, port: int) -> str:
        password = quote(service.password.reveal(), safe="")
        return f"{self.scheme}://{service.user}:{password}@{hostname}:{port}/{service.database}"

    def ready(self, inside: ServiceExec) -> bool:
        # Over TCP, on which the temporary server of the image's set-up does not listen. For `ping`, a refused login is
        # an answer, too.
        return inside.ok([self.asker, APP, "--protocol=tcp", "--host=127.0.0.1", "--connect-timeout=5", "ping"])

    def query(self, inside: ServiceExec, text: str, timeout: float = HOURS) -> str:
        argv = [self.client, ADMIN, CHARSET, "--batch", "--skip-column-names"]
        return inside.run(argv, stdin=(sql.SESSION + text).encode(), timeout=timeout)

    def secure(self, inside: ServiceExec) -> None:
        service = inside.service
        self.query(inside, sql.apps_database(service.database, service.user, service.password))

    def version(self, inside: ServiceExec) -> str:
        return self.query(inside, "SELECT version();").split("-")[0].strip()

    def connect(self, service: Service) -> tuple[str, ...]:
        return (self.client, ADMIN, CHARSET, service.database)

    # data

    def dumping(self) -> tuple[str, ...]:
        return (self.dumper, ADMIN, CHARSET, *streams.DUMP_OPTIONS, *self.dump_options)

    def dump(self, service: Service) -> tuple[str, ...]:
        script = streams.dump_script(self.accounts)
        words = (self.client, ADMIN, self.kind, service.database, service.user)
        return ("bash", "-euo", "pipefail", "-c", script, "dump", *words, *self.dumping())

    def export(self, service: Service) -> tuple[str, ...]:
        return (*self.dumping(), "--single-transaction", service.database)

    def export_all(self, service: Service) -> tuple[str, ...]:
        return (*self.dumping(), "--single-transaction", "--all-databases")

    def restore(self, service: Service) -> tuple[str, ...]:
        words = (self.client, ADMIN, APP, self.kind, service.database, service.user)
        return ("bash", "-euo", "pipefail", "-c", streams.RESTORE, "restore", *words)

    def read_import(self, service: Service, head: bytes, pieces: Iterator[bytes]) -> Iterable[bytes]:
        if head.startswith(streams.OWN_DUMP):
            return pieces
        if not sql_dumps.is_readable(head):
            self.refuse_import(service, head)
        return sql_dumps.importable(head, pieces, streams.COMPLETED.encode())

    def check_dump(self, head: bytes, tail: bytes, size: int) -> str:
        return streams.why_not_whole(head, tail)

    def invariants(self, inside: ServiceExec) -> Mapping[str, str]:
        return sql.invariants(lambda text: self.query(inside, text, FOR_INVARIANTS), self.accounts)

    # versions

    def keeps_data(self, old: str, new: str) -> bool:
        series, other = (tuple(map(int, one.split(".")[:2])) for one in (old, new))
        return series == other and series >= self.steady
