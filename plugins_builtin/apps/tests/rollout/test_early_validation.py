"""The proxy validates a route while the instances start. A route that it refuses ends the deploy before the switch."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_apps.rollout.early_validation import EarlyValidation
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Route
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import operation
from dokkupy_sdk.testing import FakeProxy

BLOG = AppName("blog")
TREE = {"Procfile": "web: serve\nworker: work\n"}


class Watched(FakeProxy):
    """A proxy that records each route that it validates, and the applied route at that moment."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.ahead: list[tuple[Route, ...]] = []
        self.applied: list[Route] = []

    def validate_ahead(self, routes: Sequence[Route]) -> None:
        self.ahead.append(tuple(routes))
        super().validate_ahead(routes)

    def apply(self, routes: Sequence[Route], *, remove: Sequence[AppName] = ()) -> None:
        super().apply(routes, remove=remove)
        self.applied += routes


@pytest.fixture
def proxy(host: Host) -> Watched:
    made = Watched(host)
    host.override_role("proxy", "fake", made)
    create_app(host, BLOG)
    return made


def test_the_route_that_is_validated_ahead_is_the_one_that_is_applied(host: Host, proxy: Watched) -> None:
    deploy(host, "blog", TREE)
    deploy(host, "blog", TREE)
    assert proxy.ahead == [(route,) for route in proxy.applied]


def test_a_route_that_the_proxy_refuses_ends_the_deploy_before_the_switch(host: Host, proxy: Watched) -> None:
    deploy(host, "blog", TREE)
    before = dict(proxy.routes)
    proxy.refuses = {"blog"}
    with pytest.raises(AppError, match="refuses"):
        deploy(host, "blog", TREE)
    proxy.refuses = set()
    assert proxy.routes == before


def test_a_deploy_that_fails_before_the_switch_leaves_nothing_in_the_proxy(host: Host, proxy: Watched) -> None:
    host.scheduler().dead = {"web"}  # type: ignore[attr-defined]
    with pytest.raises(AppError):
        deploy(host, "blog", TREE)
    assert proxy.ahead[-1] == ()
    assert proxy.routes == {}


def test_refusal_of_a_route_that_changed_since_is_ignored(host: Host, proxy: Watched) -> None:
    proxy.refuses = {"blog"}
    early = EarlyValidation(host)
    with operation(host, "test", f"app:{BLOG}") as tx:
        early.begin(Route(BLOG), tx)
        early.end(Route(BLOG, unavailable="stopped"))
        early.begin(Route(BLOG), tx)
        with pytest.raises(AppError):
            early.end(Route(BLOG))
