"""A real client, pika, that connects to a service by its container's address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pika
from dokkupy_services.lifecycle import container
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.role import ServiceExec
from pika.adapters.blocking_connection import BlockingChannel

QUEUE = "rows"
DURABLE = pika.BasicProperties(delivery_mode=2)


def address(inside: ServiceExec) -> str:
    assert isinstance(inside, Exec)
    found = inside.host.containers().find(inside.container)
    assert found is not None
    return found.addresses[container.network_of(inside.service)]


@contextmanager
def channel(inside: ServiceExec, *, user: str = "", password: str = "", vhost: str = "") -> Iterator[BlockingChannel]:
    """Connect as the app's user to its virtual host, unless other ones are given."""
    service = inside.service
    login = pika.PlainCredentials(user or service.user, password or service.password.reveal())
    to = pika.ConnectionParameters(
        address(inside), 5672, vhost or service.database, login, socket_timeout=60, blocked_connection_timeout=60
    )
    connection = pika.BlockingConnection(to)
    try:
        found = connection.channel()
        found.confirm_delivery()
        yield found
    finally:
        if connection.is_open:
            connection.close()


def publish(inside: ServiceExec, bodies: list[bytes], queue: str = QUEUE, kind: str = "classic") -> None:
    """Publish durable messages. The broker confirms each one, so afterwards it has stored them all."""
    with channel(inside) as found:
        found.queue_declare(queue, durable=True, arguments={"x-queue-type": kind})
        for body in bodies:
            found.basic_publish("", queue, body, DURABLE)


def count(inside: ServiceExec, queue: str = QUEUE) -> int:
    with channel(inside) as found:
        return int(found.queue_declare(queue, passive=True).method.message_count)


def take(inside: ServiceExec, queue: str = QUEUE) -> list[bytes]:
    """Take all messages of the queue, in order."""
    bodies = []
    with channel(inside) as found:
        while True:
            method, _, body = found.basic_get(queue, auto_ack=True)
            if method is None:
                return bodies
            bodies.append(body)
