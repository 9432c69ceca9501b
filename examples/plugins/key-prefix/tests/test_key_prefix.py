"""Each app that is linked to a cache gets a prefix of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_apps.desired.config import get_env
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName, EnvKey
from dokkupy_sdk.testing import FakeEngine, fake_host
from dokkupy_services import records
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.links import variables as links
from dokkupy_services.names import ServiceName
from dokkupy_services.testing.fakes import FakeDatastore

CACHE = ServiceName("cache")


class FakeRedis(FakeDatastore):
    kind = "redis"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    host = fake_host(tmp_path / "state", plugins=("services", "key-prefix"))
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    engine.keep(FakeDatastore.image, {})
    for made in (FakeDatastore(host), FakeRedis(host)):
        host.override_role("datastore", made.kind, made)
    monkeypatch.setattr(records, "kinds", lambda host: ["fake", "redis"])
    return host


@pytest.mark.parametrize(("kind", "prefixes"), [("redis", ["blog:", "shop:"]), ("fake", [None, None])])
def test_apps_that_share_a_cache_have_a_prefix_each(host: Host, kind: str, prefixes: list[str | None]) -> None:
    datastore = records.datastore(host, kind)
    lifecycle.create(host, datastore, CACHE, ServiceOptions())
    found = []
    for app in ("blog", "shop"):
        deploy(host, app, {"Procfile": "web: serve"})
        links.link(host, datastore, CACHE, AppName(app))
        value = get_env(host, AppName(app)).get(EnvKey("REDIS_KEY_PREFIX"))
        found.append(value.reveal() if value else None)
    assert found == prefixes
