"""The contract of a datastore, on a stand-in for the server, because Typesense is in no package
(tests/e2e/bed/servers/typesense.py)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bed.servers import server
from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_services.model import Service
from dokkupy_services.role import Datastore, ServiceExec
from dokkupy_services.testing.contract import DatastoreContract
from dokkupy_typesense.datastore import asking

CLIENT = """
import json, sys, urllib.error, urllib.request
method, path, key, body = json.load(sys.stdin)
request = urllib.request.Request("http://service:8108/" + path, body.encode() if body else None, method=method)
request.add_header("X-TYPESENSE-API-KEY", key)
try:
    print(urllib.request.urlopen(request).read().decode())
except urllib.error.HTTPError as error:
    print(json.dumps({"status": error.code}))
"""


def as_app(inside: ServiceExec, method: str, path: str, body: str = "", *, key: str = "") -> str:
    """Send a request over the network with the Python of the stand-in, and return the answer. Key and body are on
    standard input."""
    words = [method, path, key or inside.service.password.reveal(), body]
    return inside.run(("python3", "-c", CLIENT), stdin=json.dumps(words).encode()).strip()


class TestTypesense(DatastoreContract):
    kind = "typesense"

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return server("typesense/typesense:30.2")

    @pytest.fixture(scope="class")
    @classmethod
    def newer(cls) -> str:
        return ""

    def put(self, inside: ServiceExec, first: int, last: int) -> None:
        schema = {"name": "rows", "fields": [{"name": "text", "type": "string"}]}
        as_app(inside, "POST", "collections", json.dumps(schema))
        lines = "\n".join(json.dumps({"id": str(number), "text": "row ☃"}) for number in range(first, last))
        done = as_app(inside, "POST", "collections/rows/documents/import", lines).splitlines()
        assert [json.loads(line) for line in done] == [{"success": True}] * (last - first)

    def count(self, inside: ServiceExec) -> int:
        return int(json.loads(as_app(inside, "GET", "collections/rows"))["num_documents"])

    def refuses(self, inside: ServiceExec) -> bool:
        return bool(json.loads(as_app(inside, "GET", "collections", key="wrong")) == {"status": 401})

    def test_aliases_and_fields_are_compared(self, host: Host, datastore: Datastore, service: Service) -> None:
        inside = self.inside(host, service)
        as_app(inside, "PUT", "aliases/now", '{"collection_name": "rows"}')
        found: Any = datastore.invariants(inside)
        assert found["alias now"] == "rows" and found["documents of rows"] == "500" and found["fields of rows"]

    def test_failed_snapshot_is_an_error_with_the_reason_and_leaves_nothing(
        self, host: Host, datastore: Datastore, service: Service
    ) -> None:
        inside = self.inside(host, service)
        words = [word.replace("/operations/snapshot", "/operations/none") for word in datastore.dump(service)]
        with pytest.raises(HostError) as caught:
            inside.run(words)
        assert not inside.ok(asking("/none")) and inside.ok(asking("/debug"))
        assert "The server made no snapshot" in "\n".join(caught.value.details)
        assert inside.run(("ls", "-A", datastore.data)).split() == ["state"]
