"""The contract of a datastore on the real server, only with --thorough, because the server starts twenty times and
takes ten seconds each time."""

from __future__ import annotations

import pytest
from bed.servers import server
from dokkupy_sdk.testing.effort import THOROUGH
from dokkupy_services.role import ServiceExec
from dokkupy_services.testing.contract import DatastoreContract

from plugins_builtin.elasticsearch.tests import requests

if THOROUGH:

    class TestElasticsearch(DatastoreContract):
        kind = "elasticsearch"

        @pytest.fixture(scope="class")
        @classmethod
        def image(cls) -> str:
            return server("elasticsearch:8.19.7")

        @pytest.fixture(scope="class")
        @classmethod
        def newer(cls) -> str:
            return ""

        def put(self, inside: ServiceExec, first: int, last: int) -> None:
            requests.put(inside, first, last)

        def count(self, inside: ServiceExec) -> int:
            return requests.count(inside)

        def refuses(self, inside: ServiceExec) -> bool:
            return requests.refuses(inside)
