"""Visitors of an app without a route see why, for as long as that is so."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from dokkupy.model.names import AppName
from dokkupy_apps.apps import create_app
from dokkupy_apps.processes.reconcile import reconcile
from dokkupy_apps.routing.traffic import change_for_all, rerouting
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host
from dokkupy_sdk.testing import FakeProxy, fake_host

BLOG = AppName("blog")
TREE = {"Procfile": "web: serve\n", "Dockerfile": "FROM x\n"}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = fake_host(tmp_path)
    made.store.write("global", "domains", data={"vhosts": ["apps.test"]})
    return made


def waiting(host: Host) -> dict[str, tuple[str, ...]]:
    return cast(FakeProxy, host.proxy(BLOG)).waiting


NEW = {"blog": ("not-deployed", "blog.apps.test")}


def test_a_new_app_is_announced_until_it_is_deployed(host: Host) -> None:
    create_app(host, BLOG)
    assert waiting(host) == NEW
    deploy(host, BLOG, TREE)
    assert waiting(host) == {}


def test_the_names_follow_the_app_s_and_the_host_s_domains(host: Host) -> None:
    create_app(host, BLOG)
    with rerouting(host, "domains:set", BLOG) as tx:
        tx.write("apps", BLOG, "domains", data={"vhosts": ["a.test", "*.b.test"]})
    assert waiting(host) == {"blog": ("not-deployed", "a.test", "*.b.test")}
    with rerouting(host, "domains:reset", BLOG) as tx:
        tx.write("apps", BLOG, "domains", data={})
    host.store.write("global", "domains", data={"vhosts": ["other.test"]})
    change_for_all(host, lambda: None)
    assert waiting(host) == {"blog": ("not-deployed", "blog.other.test")}


def test_a_change_that_fails_leaves_the_old_names(host: Host) -> None:
    create_app(host, BLOG)
    with pytest.raises(RuntimeError), rerouting(host, "domains:set", BLOG) as tx:
        tx.write("apps", BLOG, "domains", data={"vhosts": ["a.test"]})
        raise RuntimeError
    assert waiting(host) == NEW


def test_an_app_whose_proxy_is_disabled_is_announced(host: Host) -> None:
    deploy(host, BLOG, TREE)
    for disabled, expected in (("true", {"blog": ("disabled", "blog.apps.test")}), ("false", {})):
        with rerouting(host, "proxy:disable", BLOG) as tx:
            tx.write("apps", BLOG, "proxy", data={"properties": {"disabled": disabled}})
        assert waiting(host) == expected


def test_recovering_brings_it_back(host: Host) -> None:
    create_app(host, BLOG)
    waiting(host).clear()
    reconcile(host, BLOG)
    assert waiting(host) == NEW
