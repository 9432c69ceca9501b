"""The contract of a datastore, on NATS 2.9 (Debian's) and 2.15."""

from __future__ import annotations

import json

import pytest
from bed.servers import server
from dokkupy_sdk import Host
from dokkupy_services.data import moving
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.model import Service
from dokkupy_services.names import ServiceName
from dokkupy_services.role import Datastore, ServiceExec
from dokkupy_services.testing.contract import DatastoreContract

from plugins_builtin.nats.tests.client import Client


class TestNats(DatastoreContract):
    kind = "nats"

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return server("nats:2.9-alpine")

    @pytest.fixture(scope="class")
    @classmethod
    def newer(cls) -> str:
        return server("nats:2-alpine")

    def put(self, inside: ServiceExec, first: int, last: int) -> None:
        with Client(inside) as client:
            client.api("STREAM.CREATE.rows", name="rows", subjects=["row.*"], retention="limits", storage="file")
            for number in range(first, last):
                client.publish(f"row.{number}", b"text")

    def count(self, inside: ServiceExec) -> int:
        with Client(inside) as client:
            return int(client.api("STREAM.INFO.rows")["state"]["messages"])

    def refuses(self, inside: ServiceExec) -> bool:
        with Client(inside, password="wrong") as client:
            return "Authorization Violation" in client.last

    def test_consumers_continue_in_a_clone_where_they_were(
        self, host: Host, datastore: Datastore, service: Service
    ) -> None:
        inside = self.inside(host, service)
        with Client(inside) as client:
            client.api(
                "CONSUMER.DURABLE.CREATE.rows.worker",
                stream_name="rows",
                config={"durable_name": "worker", "ack_policy": "explicit"},
            )
            for _ in range(3):
                client.acknowledge_next("rows", "worker")
        copy = moving.clone(host, datastore, service.name, ServiceName(f"{service.name}-at"), ServiceOptions())
        with Client(Exec(host, copy, copy.container)) as client:
            assert client.api("CONSUMER.INFO.rows.worker")["ack_floor"]["stream_seq"] == 3
        with Client(inside) as client:
            client.api("CONSUMER.DELETE.rows.worker")
        lifecycle.destroy(host, datastore.kind, copy.name, purge=True)

    def test_dump_leaves_no_file_and_apps_are_served_meanwhile(
        self, host: Host, datastore: Datastore, service: Service
    ) -> None:
        inside = self.inside(host, service)
        with Client(inside) as client:
            for _ in moving.pipes.pieces_of(datastore, inside):
                assert client.api("STREAM.INFO.rows")["config"]["name"] == "rows"
        assert inside.run(("ls", "-A", datastore.data)).split() == ["jetstream"]

    def test_an_app_does_not_administer_the_server_and_the_monitoring_is_on_loopback(
        self, host: Host, service: Service
    ) -> None:
        inside = self.inside(host, service)
        with Client(inside) as client:
            assert client.request("$SYS.REQ.SERVER.PING.VARZ", b"") is None
        assert not inside.ok(("wget", "-q", "-T", "2", "-O", "-", "http://service:8222/varz"))

    def test_memory_limit_also_limits_the_server(self, datastore: Datastore, service: Service) -> None:
        from dataclasses import replace

        recipe = datastore.container_config(replace(service, memory="512"))
        assert "max_memory_store: 268435456" in recipe.files["nats.conf"].reveal()
        assert recipe.env["GOMEMLIMIT"].reveal() == str(512 * 2**20 * 4 // 5)
        assert json.dumps(recipe.command).count(service.password.reveal()) == 0
