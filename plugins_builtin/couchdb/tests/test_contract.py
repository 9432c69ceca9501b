"""The contract of a datastore, on a stand-in for the server, because CouchDB 3 is in no package
(tests/e2e/bed/servers/couchdb.py)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bed.servers import server
from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.model import Service
from dokkupy_services.names import ServiceName
from dokkupy_services.role import Datastore, ServiceExec
from dokkupy_services.testing.contract import DatastoreContract
from dokkupy_services.testing.requests import ask


def as_app(
    inside: ServiceExec, method: str, path: str, body: object = None, *, user: str = "", password: str = ""
) -> dict[str, Any]:
    service = inside.service
    login = f'user = "{user or service.user}:{password or service.password.reveal()}"'
    return ask(inside, method, f"service:5984/{path}", json.dumps(body) if body is not None else "", login=login)


class TestCouchDB(DatastoreContract):
    kind = "couchdb"

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return server("couchdb:3.5")

    @pytest.fixture(scope="class")
    @classmethod
    def newer(cls) -> str:
        return ""

    def put(self, inside: ServiceExec, first: int, last: int) -> None:
        rows = [{"_id": f"row-{number}", "text": "row ☃"} for number in range(first, last)]
        made: Any = as_app(inside, "POST", "app/_bulk_docs", {"docs": rows})
        assert all(one["ok"] for one in made)

    def count(self, inside: ServiceExec) -> int:
        return int(as_app(inside, "GET", "app")["doc_count"])

    def refuses(self, inside: ServiceExec) -> bool:
        return all(
            as_app(inside, "GET", "app", user=user, password="wrong")["error"] == "unauthorized"
            for user in ("app", "dokkupy")
        )

    def test_a_changed_design_document_changes_the_invariants(
        self, host: Host, datastore: Datastore, service: Service
    ) -> None:
        inside = self.inside(host, service)
        assert as_app(inside, "PUT", "other")["ok"]
        assert as_app(inside, "PUT", "other/_design/one", {"views": {}})["ok"]
        before = datastore.invariants(inside)
        assert before["documents of other"] == "1, 0 deleted"
        revision = as_app(inside, "GET", "other/_design/one")["_rev"]
        assert as_app(inside, "PUT", "other/_design/one", {"_rev": revision, "views": {"all": {}}})["ok"]
        after = datastore.invariants(inside)
        assert [key for key in before if before[key] != after[key]] == ["design of other"]
        assert as_app(inside, "DELETE", "other")["ok"]

    def test_no_password_is_in_the_server_s_settings(self, host: Host, service: Service) -> None:
        found = self.inside(host, service).run(("cat", "/opt/couchdb/etc/local.d/dokkupy.ini"))
        assert "app = -pbkdf2-" in found
        for secret in (service.password, service.root_password):
            assert secret.reveal() not in found

    def test_config_options_become_settings(self, host: Host, datastore: Datastore, options: ServiceOptions) -> None:
        service = lifecycle.create(
            host,
            datastore,
            ServiceName("with-options"),
            ServiceOptions(image=options.image, config_options="couchdb.max_document_size=4000"),
        )
        found = self.inside(host, service).run(("cat", "/opt/couchdb/etc/local.d/dokkupy.ini"))
        assert found.endswith("[couchdb]\nmax_document_size=4000\n")
        with pytest.raises(DokkupyError) as caught:
            lifecycle.create(
                host, datastore, ServiceName("bad"), ServiceOptions(image=options.image, config_options="size")
            )
        assert "size is not SECTION.KEY=VALUE" in "\n".join(caught.value.details)
        lifecycle.destroy(host, datastore.kind, service.name, purge=True)
