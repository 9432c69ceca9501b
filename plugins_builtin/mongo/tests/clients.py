"""A real client, pymongo, that connects to a service by its container's address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pymongo
from dokkupy_sdk.names import Secret
from dokkupy_services.lifecycle import container
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.role import ServiceExec
from pymongo.database import Database

Content = Database[dict[str, Any]]


def address(inside: ServiceExec) -> str:
    assert isinstance(inside, Exec)
    found = inside.host.containers().find(inside.container)
    assert found is not None
    return found.addresses[container.network_of(inside.service)]


@contextmanager
def as_app(inside: ServiceExec, password: Secret | None = None) -> Iterator[Content]:
    """Connect to the service's database with only the URL that an app gets."""
    service = inside.service
    url = inside.host.role("datastore", service.kind).url(service, address(inside), 27017)  # type: ignore[attr-defined]
    if password is not None:
        url = url.replace(urlsplit(url).password or "", password.reveal())
    with pymongo.MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=10000) as client:
        yield client.get_default_database()


@contextmanager
def as_root(inside: ServiceExec) -> Iterator[Content]:
    service = inside.service
    with pymongo.MongoClient[dict[str, Any]](
        address(inside), username="dokkupy", password=service.root_password.reveal(), serverSelectionTimeoutMS=10000
    ) as client:
        yield client[service.database]
