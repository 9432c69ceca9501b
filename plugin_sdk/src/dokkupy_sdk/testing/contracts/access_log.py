"""The contract of the role AccessLog, beside the proxy whose requests it counts."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from dokkupy_sdk.access_log import Traffic
from dokkupy_sdk.model import Route, Upstream
from dokkupy_sdk.names import AppName
from dokkupy_sdk.roles import AccessLog, Proxy
from dokkupy_sdk.testing.contracts.proxy_fixtures import BLOG, NAME, ProxyFixtures
from dokkupy_sdk.testing.contracts.requests import ask
from dokkupy_sdk.values import replace

HOUR = 3600.0


class AccessLogContract(ProxyFixtures):
    """Fixtures to give besides those of `ProxyFixtures`: `log`, which reads what `proxy` records."""

    patience = 60.0
    """Seconds until a request that is not in the record is taken for one that will not be."""

    @pytest.fixture
    def log(self) -> AccessLog:
        raise NotImplementedError("give the access log under test")

    def once(self, requests: int, count: Callable[[], Traffic | None]) -> Traffic:
        """The traffic once so many requests are in the record: a proxy may write its lines a moment after its answers."""
        end = time.monotonic() + self.patience
        while (found := count()) is None or found.requests < requests:
            assert time.monotonic() < end, f"{requests} requests were sent, and the record has {found}"
            time.sleep(0.01)
        return found

    def send(self, route: Route, times: int) -> None:
        for _ in range(times):
            ask(route.ports[0], NAME)

    def test_requests_are_counted_from_a_mark_on(self, proxy: Proxy, log: AccessLog, route: Route) -> None:
        proxy.apply([route])
        first = log.mark(BLOG)
        self.send(route, 2)
        assert self.once(2, lambda: log.since(BLOG, first)).requests == 2
        second = log.mark(BLOG)
        self.send(route, 3)
        assert self.once(3, lambda: log.since(BLOG, second)).requests == 3
        assert self.once(5, lambda: log.since(BLOG, first)).requests == 5

    def test_nothing_is_lost_and_nothing_took_time_where_nobody_asked(
        self, proxy: Proxy, log: AccessLog, route: Route
    ) -> None:
        proxy.apply([route])
        assert log.since(BLOG, log.mark(BLOG)) == Traffic(0, 0)

    def test_a_request_that_no_instance_answered_is_lost(
        self, proxy: Proxy, log: AccessLog, route: Route, instance: Callable[[int], Upstream]
    ) -> None:
        down, up = instance(0), route.upstreams[5000][0]
        proxy.apply([replace(route, upstreams={5000: (down,)})])
        mark = log.mark(BLOG)
        self.send(route, 2)
        assert self.once(2, lambda: log.since(BLOG, mark)).lost == 2
        proxy.apply([replace(route, upstreams={5000: (down, up)})])
        mark = log.mark(BLOG)
        self.send(route, 4)
        assert self.once(4, lambda: log.since(BLOG, mark)).lost == 0  # the other instance answered each

    @pytest.mark.parametrize("status", [404, 500, 502, 503, 504])
    def test_an_error_that_an_instance_answered_is_not_lost(
        self, proxy: Proxy, log: AccessLog, route: Route, instance: Callable[[int], Upstream], status: int
    ) -> None:
        proxy.apply([replace(route, upstreams={5000: (instance(status),)})])
        mark = log.mark(BLOG)
        self.send(route, 1)
        found = self.once(1, lambda: log.since(BLOG, mark))
        assert (found.requests, found.lost) == (1, 0)

    def test_requests_of_another_app_do_not_count(self, proxy: Proxy, log: AccessLog, route: Route) -> None:
        other = AppName("diary")
        proxy.apply([replace(route, app=other)])
        mark = log.mark(BLOG)
        before = log.mark(other)
        self.send(route, 2)
        assert self.once(2, lambda: log.since(other, before)).requests == 2
        assert (log.since(BLOG, mark) or Traffic(0, 0)).requests == 0

    def test_recent_requests_have_a_duration(self, proxy: Proxy, log: AccessLog, route: Route) -> None:
        proxy.apply([route])
        self.send(route, 3)
        found = self.once(3, lambda: log.recent(BLOG, HOUR))
        assert (found.requests, found.lost) == (3, 0)
        assert found.p95 is not None and 0 <= found.p95 < HOUR
        assert (log.recent(BLOG, 0) or Traffic(0, 0)).requests == 0

    @pytest.mark.parametrize("mark", ["", "no mark of this record"])
    def test_nothing_is_claimed_from_a_mark_that_is_none(
        self, proxy: Proxy, log: AccessLog, route: Route, mark: str
    ) -> None:
        proxy.apply([route])
        self.send(route, 1)
        assert log.since(BLOG, mark) is None
