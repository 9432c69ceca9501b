"""The contract of a datastore, on RabbitMQ 3.10 and 4.0."""

from __future__ import annotations

import pika.exceptions
import pytest
from bed.servers import server
from dokkupy_sdk.testing.effort import THOROUGH
from dokkupy_services.role import ServiceExec
from dokkupy_services.testing.contract import DatastoreContract

from plugins_builtin.rabbitmq.tests import clients


class TestRabbitMQ(DatastoreContract):
    """On 4.0, like most other tests, and with --thorough also on 3.10."""

    kind = "rabbitmq"

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return server("rabbitmq:3" if THOROUGH else "rabbitmq:4")

    @pytest.fixture(scope="class")
    @classmethod
    def newer(cls) -> str:
        return ""

    def put(self, inside: ServiceExec, first: int, last: int) -> None:
        clients.publish(inside, [f"row {number}".encode() for number in range(first, last)])

    def count(self, inside: ServiceExec) -> int:
        return clients.count(inside)

    def refuses(self, inside: ServiceExec) -> bool:
        try:
            with clients.channel(inside, password="wrong"):
                return False
        except pika.exceptions.ProbableAuthenticationError:
            return True


if THOROUGH:

    class TestRabbitMQ4(TestRabbitMQ):
        @pytest.fixture(scope="class")
        @classmethod
        def image(cls) -> str:
            return server("rabbitmq:4")
