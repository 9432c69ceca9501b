"""Helpers of the tests of services: the fakes of a host, and a new service on them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import FakeEngine
from dokkupy_services import records
from dokkupy_services.lifecycle import container
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.names import ServiceName
from dokkupy_services.testing.fakes import FakeDatastore

DB, BLOG = ServiceName("db"), AppName("blog")


def engine_of(host: Host) -> FakeEngine:
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    return engine


def fake(host: Host) -> FakeDatastore:
    found = records.datastore(host, "fake")
    assert isinstance(found, FakeDatastore)
    return found


def new(host: Host, name: str = "db", **options: Any) -> records.Service:
    return lifecycle.create(host, fake(host), ServiceName(name), ServiceOptions(**options))


def picture(host: Host) -> dict[str, Any]:
    """The content of the state and the engine. Ids of containers are left out, because a container may be created
    again."""
    engine, found = engine_of(host), {}
    for place, _, names in os.walk(host.root):
        for name in names:
            path = os.path.relpath(os.path.join(place, name), host.root)
            if not path.startswith(("journal/", "locks/", "logs/", "events")) and not name.endswith(".previous"):
                found[path] = Path(host.root, path).read_text()
    for one in engine.made.values():
        found[f"container {one.name}"] = (
            f"{one.state} {one.image} {sorted(one.addresses)} {one.labels.get(container.MARK)}"
        )
    found["volumes"] = " ".join(engine.volumes.find_all({}))
    found["networks"] = " ".join(sorted(one.name for one in engine.networks.find_all({})))
    return found


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    names = sorted({*before, *after})
    return [
        f"{name}: {before.get(name)!r} -> {after.get(name)!r}" for name in names if before.get(name) != after.get(name)
    ]
