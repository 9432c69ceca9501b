"""The contract of the role Proxy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Route
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.roles import Proxy


class ProxyContract:
    """Fixtures to give: `proxy`, without a route and ready to serve; `route`, of the app `blog`, which it accepts; and
    `bad`, a route of the app `bad` which it refuses.
    """

    @pytest.fixture
    def proxy(self) -> Proxy:
        raise NotImplementedError("give the proxy under test")

    @pytest.fixture
    def route(self) -> Route:
        raise NotImplementedError("give a route of blog")

    @pytest.fixture
    def bad(self) -> Route:
        raise NotImplementedError("give a route of bad that is refused")

    def other(self, route: Route) -> Route:
        return replace(route, app=AppName("diary"), domains=(Domain("diary.example.org"),))

    def test_it_is_ready(self, proxy: Proxy) -> None:
        ready = proxy.prepare()
        assert ready.ready, ready.reason

    def test_an_applied_route_is_there_and_shown(self, proxy: Proxy, route: Route) -> None:
        assert proxy.apps() == ()
        assert proxy.show(route.app) == ""
        proxy.apply([route])
        assert proxy.apps() == (route.app,)
        assert str(route.domains[0]) in proxy.show(route.app)

    def test_the_same_route_again_changes_nothing(self, proxy: Proxy, route: Route) -> None:
        proxy.apply([route])
        before = proxy.show(route.app)
        proxy.apply([route])
        assert proxy.show(route.app) == before

    def test_the_other_apps_routes_are_kept(self, proxy: Proxy, route: Route) -> None:
        proxy.apply([route])
        before = proxy.show(route.app)
        proxy.apply([self.other(route)])
        assert sorted(proxy.apps()) == ["blog", "diary"]
        assert proxy.show(route.app) == before

    def test_routes_come_and_go_in_one_application(self, proxy: Proxy, route: Route) -> None:
        proxy.apply([route])
        proxy.apply([replace(route, app=AppName("diary"))], remove=[route.app])
        assert proxy.apps() == ("diary",)

    def test_removing_one_that_is_not_there_is_fine(self, proxy: Proxy, route: Route) -> None:
        proxy.apply([route])
        proxy.apply([], remove=[AppName("nobody")])
        assert proxy.apps() == (route.app,)

    def test_validating_changes_nothing(self, proxy: Proxy, route: Route) -> None:
        proxy.validate([route])
        assert proxy.apps() == ()

    def test_a_route_that_is_refused_names_its_app_and_none_of_them_is_applied(
        self, proxy: Proxy, route: Route, bad: Route
    ) -> None:
        proxy.apply([route])
        before = proxy.show(route.app)
        with pytest.raises(DokkupyError, match="bad"):
            proxy.validate([bad])
        with pytest.raises(DokkupyError, match="bad"):
            proxy.apply([self.other(route), bad])
        assert proxy.apps() == (route.app,)
        assert proxy.show(route.app) == before
