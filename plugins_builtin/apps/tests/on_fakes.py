"""Helpers of the tests of apps: typed fakes of a host, and a picture of an app as seen from outside."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from dokkupy.host import Host
from dokkupy.kernel.operation import operation
from dokkupy.model.names import AppName, EnvKey
from dokkupy.model.proxy import Route
from dokkupy.model.secret import Secret
from dokkupy_apps.desired.config import get_env, set_env
from dokkupy_apps.releases.records import current, releases
from dokkupy_sdk.builder import builder_of
from dokkupy_sdk.testing import FakeBuilder, FakeEngine, FakeProxy, FakeScheduler

BLOG = AppName("blog")
TREE = {"Procfile": "web: serve\nworker: work\nrelease: migrate\n"}


def engine(host: Host) -> FakeEngine:
    made = host.engine()
    assert isinstance(made, FakeEngine)
    return made


def proxy(host: Host) -> FakeProxy:
    made = host.proxy()
    assert isinstance(made, FakeProxy)
    return made


def scheduler(host: Host) -> FakeScheduler:
    made = host.scheduler()
    assert isinstance(made, FakeScheduler)
    return made


def builder(host: Host) -> FakeBuilder:
    made = builder_of(host, "fake")
    assert isinstance(made, FakeBuilder)
    return made


def picture(host: Host) -> dict[str, object]:
    """Everything that can be seen of the app from outside."""
    release, instances = current(host, BLOG)
    route = proxy(host).routes.get("blog")
    return {
        "release": release,
        "instances": instances,
        "containers": {one.id: one.state for one in engine(host).made.values()},
        "tags": dict(engine(host).tags),
        "upstreams": dict(route.upstreams) if route else None,
        "domains": route.domains if route else None,
        "env": {key: value.reveal() for key, value in get_env(host, BLOG).items()},
        "scale": host.store.read("apps", BLOG, "ps").get("scale"),
        "releases": [one.number for one in releases(host, BLOG)] if host.store.has_app(BLOG) else None,
    }


def dies_at_the_switch(host: Host, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """An instance that runs right after its start, and exits with status 7 while the app is being started."""
    apply = proxy(host).apply

    def also(routes: Sequence[Route], *, remove: Sequence[AppName] = ()) -> None:
        apply(routes, remove=remove)
        engine(host).put(name, "exited", 7)

    monkeypatch.setattr(proxy(host), "apply", also)


def config(host: Host, value: str) -> None:
    with operation(host, "config:set", "app:blog") as tx:
        set_env(tx, BLOG, {EnvKey("COLOR"): Secret(value)})
