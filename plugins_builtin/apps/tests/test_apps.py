"""Locking and destroying apps."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from dokkupy.errors import Conflict, HostError
from dokkupy.host import Host
from dokkupy.model.names import AppName
from dokkupy_apps.apps import create_app, destroy_app, set_locked
from dokkupy_apps.testing import deploy
from dokkupy_sdk.testing import RecordingConsole

from plugins_builtin.apps.tests.on_fakes import BLOG, TREE, engine, proxy


def test_a_locked_app_refuses_deploys(host: Host) -> None:
    create_app(host, BLOG)
    set_locked(host, BLOG, True)
    with pytest.raises(Conflict, match="deploy lock"):
        deploy(host, "blog", TREE)


def test_a_destroyed_app_leaves_nothing(host: Host) -> None:
    deploy(host, "blog", TREE)
    destroy_app(host, BLOG)
    assert (engine(host).made, engine(host).tags, proxy(host).routes) == ({}, {}, {})
    assert not host.store.has_app(BLOG)
    assert [name for name in os.listdir(host.path("locks")) if "blog" in name] == []


def test_an_app_is_destroyed_with_a_warning_while_the_proxy_is_down(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(host, "blog", {"Procfile": "web: serve"})
    proxy = host.proxy()
    apply = proxy.apply

    def down(routes: Sequence[object], *, remove: Sequence[AppName] = ()) -> None:
        apply(routes, remove=remove)  # type: ignore[arg-type]
        raise HostError("nginx is not running", code="proxy_down")

    monkeypatch.setattr(proxy, "apply", down)
    destroy_app(host, BLOG)
    assert not host.store.has_app(BLOG)
    assert isinstance(host.out, RecordingConsole)
    assert any("nginx is not running" in str(line) for line in host.out.lines)
