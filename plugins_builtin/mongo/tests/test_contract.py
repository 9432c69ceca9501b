"""The contract of a datastore, on the stand-in for MongoDB (README)."""

from __future__ import annotations

import pytest
from bed.servers import server
from dokkupy_sdk.names import Secret
from dokkupy_services.role import ServiceExec
from dokkupy_services.testing.contract import DatastoreContract
from pymongo.errors import OperationFailure

from plugins_builtin.mongo.tests import clients


class TestMongo(DatastoreContract):
    kind = "mongo"

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return server("mongo:8")

    @pytest.fixture(scope="class")
    @classmethod
    def newer(cls) -> str:
        return ""

    def put(self, inside: ServiceExec, first: int, last: int) -> None:
        with clients.as_app(inside) as db:
            db.rows.insert_many([{"_id": number, "text": f"row {number}"} for number in range(first, last)])

    def count(self, inside: ServiceExec) -> int:
        with clients.as_app(inside) as db:
            return db.rows.count_documents({})

    def refuses(self, inside: ServiceExec) -> bool:
        try:
            with clients.as_app(inside, Secret("wrong")) as db:
                db.rows.find_one()
        except OperationFailure as error:
            return error.code == 18  # AuthenticationFailed
        return False
