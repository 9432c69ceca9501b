"""The contract of a datastore, on ClickHouse 18.16, because no later server is available as a package."""

from __future__ import annotations

import pytest
from bed.servers import server
from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_services.model import Service
from dokkupy_services.role import Datastore, ServiceExec
from dokkupy_services.testing.contract import DatastoreContract

AS_APP = 'IFS= read -r word; exec clickhouse-client -h service -u "$1" --password "$word" -d "$2" -q "$3"'


def as_app(inside: ServiceExec, query: str, *, user: str = "", password: str = "") -> str:
    """Connect over the network, with the password on standard input."""
    service = inside.service
    secret = password or service.password.reveal()
    words = ("sh", "-euc", AS_APP, "app", user or service.user, service.database, query)
    return inside.run(words, stdin=f"{secret}\n".encode())


class TestClickHouse(DatastoreContract):
    kind = "clickhouse"

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return server("clickhouse/clickhouse-server:18.16")

    @pytest.fixture(scope="class")
    @classmethod
    def newer(cls) -> str:
        return ""

    def put(self, inside: ServiceExec, first: int, last: int) -> None:
        as_app(inside, "CREATE TABLE IF NOT EXISTS rows (id UInt64, text String) ENGINE = MergeTree ORDER BY id")
        as_app(inside, f"INSERT INTO rows SELECT number + {first}, 'text ☃' FROM numbers({last - first})")

    def count(self, inside: ServiceExec) -> int:
        return int(as_app(inside, "SELECT count() FROM rows"))

    def refuses(self, inside: ServiceExec) -> bool:
        return all(fails(inside, "SELECT 1", password="wrong", user=user) for user in ("", "dokkupy"))

    def test_an_app_has_its_database_and_nothing_else(self, host: Host, service: Service) -> None:
        inside = self.inside(host, service)
        inside.run(
            ("clickhouse-client", "--config-file", "/run/dokkupy/client.xml"), stdin=b"CREATE DATABASE IF NOT EXISTS x"
        )
        assert fails(inside, "CREATE TABLE x.t (id UInt64) ENGINE = Log")
        assert fails(inside, "SELECT 1", user="default", password=" ")

    def test_a_changed_value_changes_the_invariants(self, host: Host, datastore: Datastore, service: Service) -> None:
        inside = self.inside(host, service)
        seen = []
        for text in ("one", "two"):
            as_app(inside, "DROP TABLE IF EXISTS other")
            as_app(inside, "CREATE TABLE other (text String) ENGINE = Log")
            as_app(inside, f"INSERT INTO other VALUES ('{text}')")
            seen.append(datastore.invariants(inside)[f"rows of {service.database}.other"])
        as_app(inside, "DROP TABLE other")
        assert seen[0] != seen[1] and [one.split()[0] for one in seen] == ["1", "1"]

    def test_memory_limit_also_limits_the_server(self, datastore: Datastore, service: Service) -> None:
        from dataclasses import replace

        recipe = datastore.container_config(replace(service, memory="1000"))
        assert f"<max_server_memory_usage>{800 * 2**20}<" in recipe.files["server.xml"].reveal()


def fails(inside: ServiceExec, query: str, *, user: str = "", password: str = "") -> bool:
    try:
        as_app(inside, query, user=user, password=password)
    except DokkupyError:
        return True
    return False
