"""The contract of a datastore, on Redis 7 and 8."""

from __future__ import annotations

import pytest
from bed.servers import server
from dokkupy_services.role import ServiceExec
from dokkupy_services.testing.contract import DatastoreContract

AS_APP = 'IFS= read -r REDISCLI_AUTH; export REDISCLI_AUTH; exec redis-cli -e -h service "$@"'


def as_app(inside: ServiceExec, *words: str, password: str = "", rest: str = "") -> str:
    """Connect over the network as the apps' user, whose password is read from standard input. rest: further input."""
    secret = password or inside.service.password.reveal()
    return inside.run(("sh", "-euc", AS_APP, "app", *words), stdin=f"{secret}\n{rest}".encode()).strip()


class TestRedis(DatastoreContract):
    kind = "redis"

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return server("redis:7")

    @pytest.fixture(scope="class")
    @classmethod
    def newer(cls) -> str:
        return server("redis:8")

    def put(self, inside: ServiceExec, first: int, last: int) -> None:
        as_app(inside, "SADD", "rows", *(str(number) for number in range(first, last)))

    def count(self, inside: ServiceExec) -> int:
        return int(as_app(inside, "SCARD", "rows"))

    def refuses(self, inside: ServiceExec) -> bool:
        try:
            as_app(inside, "PING", password="wrong")
        except Exception as error:
            return "WRONGPASS" in str(getattr(error, "details", ""))
        return False
