"""Stopping an app and starting it again."""

from __future__ import annotations

import pytest
from dokkupy.host import Host
from dokkupy.model.names import ProcessType
from dokkupy_apps.desired import status
from dokkupy_apps.processes.reconcile import reconcile
from dokkupy_apps.processes.scale import scale
from dokkupy_apps.processes.start_stop import start_app, stop_app
from dokkupy_apps.testing import deploy
from dokkupy_sdk.errors import CheckFailed

from plugins_builtin.apps.tests.on_fakes import BLOG, TREE, dies_at_the_switch, engine, picture, proxy


def test_a_stopped_app_stays_stopped_and_starts_again(host: Host) -> None:
    deploy(host, "blog", TREE)
    stop_app(host, BLOG)
    assert engine(host).made["blog.web.1"].state == "exited"
    assert not any(proxy(host).routes["blog"].upstreams.values())
    reconcile(host, BLOG)
    assert engine(host).made["blog.web.1"].state == "exited"
    start_app(host, BLOG)
    assert engine(host).made["blog.web.1"].state == "running"
    assert any(proxy(host).routes["blog"].upstreams.values())


def test_a_start_fails_when_an_instance_ends_and_the_app_stays_stopped(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(host, "blog", TREE)
    scale(host, BLOG, {ProcessType("worker"): 1})
    stop_app(host, BLOG)
    before = picture(host)
    with monkeypatch.context() as patch:
        dies_at_the_switch(host, patch, "blog.worker.1")
        with pytest.raises(CheckFailed, match=r"worker\.1 of blog exited") as failure:
            start_app(host, BLOG)
    assert any("ended with exit code 7" in line for line in failure.value.details)
    assert picture(host) == before
    assert not status.should_run(host, BLOG)
    assert host.store.read("apps", BLOG, "failed")["instances"][0]["exit_code"] == 7


def test_a_start_fails_when_clients_reach_nobody(host: Host) -> None:
    deploy(host, "blog", TREE)
    stop_app(host, BLOG)
    before = picture(host)
    proxy(host).silent.add("blog.example.com")
    with pytest.raises(CheckFailed, match="does not reach it"):
        start_app(host, BLOG)
    assert picture(host) == before
