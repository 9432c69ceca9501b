"""PostgreSQL, by its official image (https://hub.docker.com/_/postgres).

The administrator connects by the local socket as `postgres`, which the image trusts. Apps connect over the network as
the owner of their database, who is not a superuser. https://www.postgresql.org/docs/current/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from dokkupy_sdk.names import Secret
from dokkupy_services.role import FILES, ContainerConfig, Datastore, Service, ServiceExec

from dokkupy_postgres import plain_sql, sql

ADMIN = "postgres"
MAGIC = b"PGDMP"
"""The first bytes of pg_dump's custom format (pg_backup_archiver.h, K_VERS_*)."""
TAR = b"toc.dat\0"
"""The first bytes of its tar format: the name of the first member."""
OURS = b"DOKKUPY-POSTGRES "

TLS_DAYS = 36500
"""The certificate of a service is never renewed, and clients do not check its end. Therefore it is valid very long."""

PUT_FILE = 'cd "$PGDATA"; umask 077; cat > "$1.new"; chown "$(stat -c %u:%g .)" "$1.new"; mv "$1.new" "$1"'
"""Write standard input to a file beside the data that only the server's user can read, as libpq requires for a key."""


class Postgres(Datastore):
    kind = "postgres"
    title = "Postgres"
    image = "postgres:18"
    port = 5432
    ports = (5432,)
    scheme = "postgres"
    alias = "DATABASE"
    dumps_all = False
    dump_command = "pg_dump -Fc --no-owner --no-acl DATABASE"
    # The volume is mounted above the image's data directory, which moved in version 18. So the layout is the same for
    # all versions.
    data = "/var/lib/postgresql"

    def container_config(self, service: Service) -> ContainerConfig:
        return ContainerConfig(
            env={
                "POSTGRES_USER": Secret(ADMIN),
                "POSTGRES_PASSWORD_FILE": Secret(f"{FILES}/root-password"),
                "PGDATA": Secret(f"{self.data}/dokkupy"),
            },
            files={"root-password": service.root_password},
        )

    def url(self, service: Service, hostname: str, port: int) -> str:
        password = quote(service.password.reveal(), safe="")
        return f"{self.scheme}://{service.user}:{password}@{hostname}:{port}/{service.database}"

    def ready(self, inside: ServiceExec) -> bool:
        # Over TCP, because during its set-up the image starts a temporary server that only listens on the socket.
        return inside.ok(["pg_isready", "-q", "-h", "127.0.0.1", "-U", ADMIN])

    def psql(self, inside: ServiceExec, text: str, database: str = "postgres", timeout: float = 600) -> str:
        argv = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", ADMIN, "-d", database]
        return inside.run(argv, stdin=text.encode(), timeout=timeout)

    def secure(self, inside: ServiceExec) -> None:
        service = inside.service
        self.offer_tls(inside)
        self.psql(inside, sql.role(service.user, service.password.reveal()))
        if service.database not in self.psql(inside, sql.DATABASES).splitlines():
            self.psql(inside, sql.database(service.database, service.user))
        self.psql(inside, sql.owned(service.database, service.user), service.database)

    def offer_tls(self, inside: ServiceExec) -> None:
        """Accept connections with TLS, too, as dokku-postgres does. Clients request it by `sslmode=require`. The key
        and the certificate are stored in the data directory under the server's default names, and move with the
        data."""
        if self.psql(inside, "SHOW ssl").strip() == "on":
            return
        from dokkupy_certs.self_signed import key_and_certificate

        service = inside.service
        chain, key = key_and_certificate([service.hostname], days=TLS_DAYS)
        inside.run(["sh", "-euc", PUT_FILE, "sh", "server.crt"], stdin=chain)
        inside.run(["sh", "-euc", PUT_FILE, "sh", "server.key"], stdin=key)
        self.psql(inside, "ALTER SYSTEM SET ssl = on; SELECT pg_reload_conf();")

    def version(self, inside: ServiceExec) -> str:
        return self.psql(inside, "SHOW server_version").split()[0]

    def connect(self, service: Service) -> tuple[str, ...]:
        return ("psql", "-v", "ON_ERROR_STOP=1", "-U", ADMIN, "-d", service.database)

    def user_of(self, name: str) -> str:
        user = super().user_of(name)
        return f"{user}_app" if user.lower() in sql.RESERVED or user.startswith("pg_") else user

    def database_of(self, name: str) -> str:
        database = super().database_of(name)
        return f"{database}_app" if database.lower() in sql.RESERVED else database

    def dump(self, service: Service) -> tuple[str, ...]:
        return ("bash", "-euo", "pipefail", "-c", sql.DUMP, "dump", service.database, service.user, ADMIN)

    def export(self, service: Service) -> tuple[str, ...]:
        return ("pg_dump", "-U", ADMIN, "-Fc", "--no-acl", "--no-owner", "-d", service.database)

    def export_all(self, service: Service) -> tuple[str, ...]:
        return ("pg_dumpall", "-U", ADMIN, "--no-role-passwords")

    def check_export_all(self, head: bytes, tail: bytes, size: int) -> str:
        return "" if b"database cluster dump complete" in tail else "it ends before the last database"

    def restore(self, service: Service) -> tuple[str, ...]:
        return ("bash", "-euo", "pipefail", "-c", sql.RESTORE, "restore", service.database, service.user, ADMIN)

    def read_import(self, service: Service, head: bytes, pieces: Iterator[bytes]) -> Iterable[bytes]:
        if head.startswith((MAGIC, TAR, OURS)):
            return pieces
        if not plain_sql.is_plain(head):
            self.refuse_import(service, head)
        return plain_sql.importable(pieces)

    def check_dump(self, head: bytes, tail: bytes, size: int) -> str:
        if head.startswith((MAGIC, TAR, plain_sql.HEADER)):
            return ""
        first, _, rest = head.partition(b"\n")
        words = first.split()
        if len(words) != 3 or words[0] != OURS.strip() or not words[2].isdigit():
            return "it is not in pg_dump's custom format"
        roles = int(words[2])
        if size <= len(first) + 1 + roles or (len(rest) > roles + len(MAGIC) and not rest[roles:].startswith(MAGIC)):
            return "it ends before the data of the database"
        return ""

    def invariants(self, inside: ServiceExec) -> Mapping[str, str]:
        return sql.invariants(lambda text: self.psql(inside, text, inside.service.database))

    def keeps_data(self, old: str, new: str) -> bool:
        # https://www.postgresql.org/support/versioning/: minor releases do not change the format of the data.
        return old.partition(".")[0] == new.partition(".")[0]
