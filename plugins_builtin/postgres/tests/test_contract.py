"""The whole life of a service, on PostgreSQL 15 and 17."""

from __future__ import annotations

import pytest
from bed.servers import server
from dokkupy_sdk.datastore.role import Inside
from dokkupy_sdk.testing.contracts.datastore import DatastoreContract

PASSWORD = 'PGPASSWORD="$(cat)" exec psql -X -q -A -t -v ON_ERROR_STOP=1 -h service -U "$1" -d "$2" -c "$3"'


def as_app(inside: Inside, text: str, password: str = "") -> str:
    """Over the network, with the password of the app's user, which comes on standard input."""
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

    def put(self, inside: Inside, first: int, last: int) -> None:
        as_app(inside, "CREATE TABLE IF NOT EXISTS rows (id int PRIMARY KEY, text text)")
        as_app(inside, f"INSERT INTO rows SELECT i, 'row ' || i FROM generate_series({first}, {last - 1}) i")

    def count(self, inside: Inside) -> int:
        return int(as_app(inside, "SELECT count(*) FROM rows"))

    def refuses(self, inside: Inside) -> bool:
        try:
            as_app(inside, "SELECT 1", "wrong")
        except Exception as error:
            return "password authentication failed" in str(getattr(error, "details", ""))
        return False
