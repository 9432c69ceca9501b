"""The contract of a datastore, on PostgreSQL 15 and 17."""

from __future__ import annotations

import secrets

import pytest
from bed.servers import server
from dokkupy_sdk import Host
from dokkupy_services.data import moving
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.names import ServiceName
from dokkupy_services.role import Datastore, ServiceExec
from dokkupy_services.testing.contract import DatastoreContract

PASSWORD = 'PGPASSWORD="$(cat)" exec psql -X -q -A -t -v ON_ERROR_STOP=1 -h service -U "$1" -d "$2" -c "$3"'


def as_app(inside: ServiceExec, text: str, password: str = "") -> str:
    """Connect over the network as the app's user, whose password is read from standard input."""
    service = inside.service
    argv = ["bash", "-euc", PASSWORD, "psql", service.user, service.database, text]
    return inside.run(argv, stdin=(password or service.password.reveal()).encode())


class TestPostgres(DatastoreContract):
    kind = "postgres"

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return server("postgres:15")

    @pytest.fixture(scope="class")
    @classmethod
    def newer(cls) -> str:
        return server("postgres:17")

    def put(self, inside: ServiceExec, first: int, last: int) -> None:
        as_app(inside, "CREATE TABLE IF NOT EXISTS rows (id int PRIMARY KEY, text text)")
        as_app(inside, f"INSERT INTO rows SELECT i, 'row ' || i FROM generate_series({first}, {last - 1}) i")

    def count(self, inside: ServiceExec) -> int:
        return int(as_app(inside, "SELECT count(*) FROM rows"))

    def refuses(self, inside: ServiceExec) -> bool:
        try:
            as_app(inside, "SELECT 1", "wrong")
        except Exception as error:
            return "password authentication failed" in str(getattr(error, "details", ""))
        return False

    def test_clients_that_require_tls_connect_also_after_an_upgrade_and_to_a_clone(
        self, host: Host, datastore: Datastore, image: str, newer: str
    ) -> None:
        name, copy = (ServiceName(f"tls-{secrets.token_hex(3)}") for _ in range(2))
        made = lifecycle.create(host, datastore, name, ServiceOptions(image=image))
        certificate = "cat $PGDATA/server.crt; stat -c %a:%U $PGDATA/server.key"
        before = self.inside(host, made).run(["sh", "-c", certificate])
        assert before.endswith("600:postgres\n")
        assert tls_of(self.inside(host, made), "require") == "t"
        assert tls_of(self.inside(host, made), "disable") == "f"
        lifecycle.restart(host, datastore, name)
        assert self.inside(host, made).run(["sh", "-c", certificate]) == before
        moved = moving.upgrade(host, datastore, name, ServiceOptions(image=newer)).service
        clone = moving.clone(host, datastore, name, copy, ServiceOptions())
        for one in (moved, clone):
            assert tls_of(self.inside(host, one), "require") == "t"
        for one in (name, copy):
            lifecycle.destroy(host, datastore.kind, one, purge=True)


TLS = 'PGPASSWORD="$(cat)" exec psql "host=service user=$1 dbname=$2 sslmode=$3" -X -A -t -c "$4"'
ASK = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


def tls_of(inside: ServiceExec, mode: str) -> str:
    """Whether a connection over the network, made with this sslmode, is encrypted: t or f."""
    service = inside.service
    argv = ["bash", "-euc", TLS, "psql", service.user, service.database, mode, ASK]
    return inside.run(argv, stdin=service.password.reveal().encode()).strip()
