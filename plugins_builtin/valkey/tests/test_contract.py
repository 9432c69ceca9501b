"""The contract of a datastore, on a real Valkey.

The tests use the project's stand-in for the official image `Valkey.image`."""

from __future__ import annotations

import pytest
from bed.servers import server
from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_services.data import moving
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.model import Service
from dokkupy_services.names import ServiceName
from dokkupy_services.role import Datastore, ServiceExec
from dokkupy_services.testing.contract import DatastoreContract

AS_APP = 'IFS= read -r REDISCLI_AUTH; export REDISCLI_AUTH; exec valkey-cli -e -h service "$@"'


def as_app(inside: ServiceExec, *words: str, password: str = "") -> str:
    """Connect over the network, with the password on standard input."""
    secret = password or inside.service.password.reveal()
    return inside.run(("sh", "-euc", AS_APP, "app", *words), stdin=f"{secret}\n".encode())


class TestValkey(DatastoreContract):
    kind = "valkey"

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return server("valkey:8")

    @pytest.fixture(scope="class")
    @classmethod
    def newer(cls) -> str:
        return ""

    def put(self, inside: ServiceExec, first: int, last: int) -> None:
        as_app(inside, "MSET", *(word for row in range(first, last) for word in (f"row:{row}", "text")))

    def count(self, inside: ServiceExec) -> int:
        return int(as_app(inside, "DBSIZE"))

    def refuses(self, inside: ServiceExec) -> bool:
        try:
            as_app(inside, "PING", password="wrong")
        except DokkupyError as error:
            return "WRONGPASS" in str(error.details)
        return False

    def test_content_of_all_types_is_the_same_in_a_clone(
        self, host: Host, datastore: Datastore, service: Service, options: ServiceOptions
    ) -> None:
        name = ServiceName(f"{service.name}-all")
        made = lifecycle.create(host, datastore, name, options)
        inside = Exec(host, made, made.container)
        for words in (
            ("RPUSH", "list", "b", "", "a"),
            ("SADD", "set", "a", "b"),
            ("HSET", "hash", "a", "ü", "b", ""),
            ("ZADD", "zset", "0.1", "a", "inf", "b"),
            ("XADD", "stream", "1-1", "a", "b"),
            ("-n", "3", "SET", "a", "b"),
            ("SETEX", "ends", "1000", "x"),
            ("FUNCTION", "LOAD", "#!lua name=l\nserver.register_function('f', function() return 1 end)"),
        ):
            as_app(inside, *words)
        facts = dict(datastore.invariants(inside))
        copy = moving.clone(host, datastore, name, ServiceName(f"{name}-2"), ServiceOptions())
        other = Exec(host, copy, copy.container)
        assert dict(datastore.invariants(other)) == facts and facts["db0: keys of type hash"] == "1"
        for words in (
            ("LSET", "list", "0", "c"),
            ("HSET", "hash", "b", "c"),
            ("ZADD", "zset", "2", "a"),
            ("DEL", "set"),
        ):
            before = dict(datastore.invariants(other))
            as_app(other, *words)
            assert dict(datastore.invariants(other)) != before
        for one in (made, copy):
            lifecycle.destroy(host, datastore.kind, one.name, purge=True)

    def test_an_app_does_not_administer_the_server(self, host: Host, service: Service) -> None:
        inside = self.inside(host, service)
        for words in (("CONFIG", "SET", "dir", "/"), ("ACL", "LIST"), ("SHUTDOWN", "NOSAVE"), ("REPLICAOF", "h", "1")):
            with pytest.raises(DokkupyError) as refused:
                as_app(inside, *words)
            assert "NOPERM" in str(refused.value.details)
        assert "appendonly" in as_app(inside, "CONFIG", "GET", "appendonly")
