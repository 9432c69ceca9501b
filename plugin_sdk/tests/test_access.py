"""The apps that a key may see."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.access import visible_apps
from dokkupy_sdk.testing import fake_host

pytestmark = pytest.mark.unit
KEYS = {
    "boss": {"role": "admin"},
    "laptop": {"role": "deployer", "apps": ["blog", "shop"]},
    "eve": {"role": "viewer", "apps": ["blog"]},
}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path)
    for app in ("blog", "shop", "wiki"):
        host.store.write("apps", app, "app", data={"created_at": "2026-01-01T00:00:00Z"})
    host.store.write("global", "ssh-keys", data={"keys": KEYS})
    return host


def as_key(host: Host, name: str) -> Host:
    return host.for_invocation(who=f"key:{name}")


@pytest.mark.parametrize(
    ("key", "apps"), [("boss", ["blog", "shop", "wiki"]), ("laptop", ["blog", "shop"]), ("eve", ["blog"]), ("gone", [])]
)
def test_a_key_sees_its_apps(host: Host, key: str, apps: list[str]) -> None:
    assert visible_apps(as_key(host, key)) == apps


def test_visible_apps_are_those_with_the_permission(host: Host) -> None:
    assert visible_apps(as_key(host, "laptop"), "app:write") == ["blog", "shop"]
    assert visible_apps(as_key(host, "eve"), "app:write") == []
    assert visible_apps(as_key(host, "laptop"), "app:admin") == []
