"""A host with this machine's engine, for tests of real servers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dokkupy_sdk import Host
from dokkupy_sdk.testing import fake_host

from dokkupy_services import records
from dokkupy_services.lifecycle import container, trash


@contextmanager
def host_for_services(directory: Path, kind: str) -> Iterator[Host]:
    """A host with one kind of services. At the end, its services and apps are removed."""
    os.umask(0o022)
    host = fake_host(directory, plugins=("docker", "services", kind), real=("engine", "scheduler"))
    yield host
    for service in [*records.services(host), *(one for one, _ in trash.entries(host))]:
        container.remove_everything(host, identifier=service.id)
    for app in host.store.apps():
        host.scheduler(app).forget(app)
