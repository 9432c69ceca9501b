"""Visitors of an app without a route see a page with the reason, until the app has a route."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_apps.processes.reconcile import reconcile
from dokkupy_apps.routing.traffic import change_for_all, rerouting
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.state import DomainsFile, PropertiesFile
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


def test_new_app_has_a_page_until_it_is_deployed(host: Host) -> None:
    create_app(host, BLOG)
    assert waiting(host) == NEW
    deploy(host, BLOG, TREE)
    assert waiting(host) == {}


def test_page_follows_the_domains_of_the_app_and_the_host(host: Host) -> None:
    create_app(host, BLOG)
    with rerouting(host, "domains:set", BLOG) as tx:
        tx.save(DomainsFile(vhosts=(Domain("a.test"), Domain("*.b.test"))), BLOG)
    assert waiting(host) == {"blog": ("not-deployed", "a.test", "*.b.test")}
    with rerouting(host, "domains:reset", BLOG) as tx:
        tx.save(DomainsFile(), BLOG)
    host.store.write("global", "domains", data={"vhosts": ["other.test"]})
    change_for_all(host, lambda: None)
    assert waiting(host) == {"blog": ("not-deployed", "blog.other.test")}


def test_failed_change_of_domains_leaves_the_page_at_the_old_names(host: Host) -> None:
    create_app(host, BLOG)
    with pytest.raises(RuntimeError), rerouting(host, "domains:set", BLOG) as tx:
        tx.save(DomainsFile(vhosts=(Domain("a.test"),)), BLOG)
        raise RuntimeError
    assert waiting(host) == NEW


def test_app_whose_proxy_is_disabled_has_a_page(host: Host) -> None:
    deploy(host, BLOG, TREE)
    for disabled, expected in (("true", {"blog": ("disabled", "blog.apps.test")}), ("false", {})):
        with rerouting(host, "proxy:disable", BLOG) as tx:
            tx.save(PropertiesFile(properties={"disabled": disabled}), BLOG, "proxy")
        assert waiting(host) == expected


def test_recovery_restores_the_page(host: Host) -> None:
    create_app(host, BLOG)
    waiting(host).clear()
    reconcile(host, BLOG)
    assert waiting(host) == NEW
