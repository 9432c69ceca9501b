"""The contract of a datastore, on a stand-in for the server, because Meilisearch is in no package
(tests/e2e/bed/servers/meilisearch.py)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from bed.servers import server
from dokkupy_sdk import Host
from dokkupy_sdk.errors import UserError
from dokkupy_services.data import moving
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.model import Service
from dokkupy_services.names import ServiceName
from dokkupy_services.role import Datastore, ServiceExec
from dokkupy_services.testing.contract import DatastoreContract
from dokkupy_services.testing.requests import ask


def as_app(inside: ServiceExec, method: str, path: str, body: object = None, *, key: str = "") -> dict[str, Any]:
    login = f'header = "Authorization: Bearer {key or inside.service.password.reveal()}"'
    return ask(inside, method, f"service:7700/{path}", json.dumps(body) if body is not None else "", login=login)


class TestMeilisearch(DatastoreContract):
    kind = "meilisearch"

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return server("getmeili/meilisearch:v1.52.0")

    @pytest.fixture(scope="class")
    @classmethod
    def newer(cls) -> str:
        return server("getmeili/meilisearch:v1.53.2")

    def put(self, inside: ServiceExec, first: int, last: int) -> None:
        rows = [{"id": number, "text": "row ☃"} for number in range(first, last)]
        made = as_app(inside, "POST", "indexes/rows/documents", rows)
        assert as_app(inside, "GET", f"tasks/{made['taskUid']}")["status"] == "succeeded"

    def count(self, inside: ServiceExec) -> int:
        return int(as_app(inside, "GET", "stats")["indexes"]["rows"]["numberOfDocuments"])

    def refuses(self, inside: ServiceExec) -> bool:
        return bool(as_app(inside, "GET", "stats", key="wrong")["code"] == "invalid_api_key")

    def test_dump_contains_the_settings_and_leaves_no_file(
        self, host: Host, datastore: Datastore, service: Service
    ) -> None:
        inside = self.inside(host, service)
        before = datastore.invariants(inside)
        as_app(inside, "PATCH", "indexes/rows/settings", {"stopWords": ["the"]})
        after = datastore.invariants(inside)
        assert after["settings of rows"] != before["settings of rows"]
        copy = moving.clone(host, datastore, service.name, ServiceName(f"{service.name}-set"), ServiceOptions())
        there = Exec(host, copy, copy.container)
        assert datastore.invariants(there) == after
        assert as_app(there, "GET", "stats", key=service.password.reveal())["code"] == "invalid_api_key"
        assert there.run(("ls", "-A", datastore.data)).split() == ["data.ms"]
        assert inside.run(("ls", "-A", f"{datastore.data}/.dokkupy-dumps")) == ""
        lifecycle.destroy(host, datastore.kind, copy.name, purge=True)

    def test_file_that_is_not_a_dump_is_refused_before_it_is_read(self, datastore: Datastore, service: Service) -> None:
        with pytest.raises(UserError, match="meilisearch:import cannot read"):
            datastore.read_import(service, b"CREATE TABLE t;", iter(()))

    def test_memory_limit_also_limits_the_server(self, datastore: Datastore, service: Service) -> None:
        recipe = datastore.container_config(replace(service, memory="3g"))
        assert 'max_indexing_memory = "2048 MiB"' in recipe.files["meilisearch.toml"].reveal()
