"""The contract of the role Proxy."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Route, Upstream
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.roles import Proxy


class ProxyContract:
    """Fixtures to give: `proxy`, without a route and ready to serve; `route`, of the app `blog`, which it accepts; and
    `bad`, a route of the app `bad` which it refuses. `secure`: the same route as `route`, on a TLS port besides and with
    a certificate. `instance` may be given: it makes upstreams that answer with a status, or nobody listens (0).
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

    @pytest.fixture
    def secure(self) -> Route:
        raise NotImplementedError("give the route with TLS")

    @pytest.fixture
    def instance(self) -> Iterator[Callable[[int], Upstream]]:
        with contextlib.ExitStack() as stack:
            yield lambda status: stack.enter_context(answering(status))

    def led_to(self, route: Route, *upstreams: Upstream) -> Route:
        return replace(route, upstreams={port.container: upstreams for port in route.ports})

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

    def test_an_instance_that_answers_is_served(
        self, proxy: Proxy, route: Route, instance: Callable[[int], Upstream]
    ) -> None:
        route = self.led_to(route, instance(200))
        proxy.apply([route])
        assert proxy.unserved(route) == ()

    @pytest.mark.parametrize("status", [301, 401, 404, 500, 502, 503, 504])
    def test_what_an_instance_itself_answers_counts_as_an_answer(
        self, proxy: Proxy, route: Route, instance: Callable[[int], Upstream], status: int
    ) -> None:
        route = self.led_to(route, instance(status))
        proxy.apply([route])
        assert proxy.unserved(route) == ()

    def test_where_nobody_listens_each_name_is_unserved_with_the_reason(
        self, proxy: Proxy, route: Route, instance: Callable[[int], Upstream]
    ) -> None:
        route = self.led_to(replace(route, domains=(*route.domains, Domain("*.example.net"))), instance(0))
        proxy.apply([route])
        found = proxy.unserved(route)
        assert [one.domain for one in found] == list(route.domains)
        assert all(one.port in route.ports and one.reason for one in found)

    def test_without_instances_a_route_is_unserved(self, proxy: Proxy, route: Route) -> None:
        route = replace(route, upstreams={})
        proxy.apply([route])
        assert [one.domain for one in proxy.unserved(route)] == list(route.domains)

    def test_a_route_that_was_not_applied_is_unserved(
        self, proxy: Proxy, route: Route, instance: Callable[[int], Upstream]
    ) -> None:
        proxy.apply([self.other(route)])
        assert proxy.unserved(self.led_to(route, instance(200)))

    def test_names_are_asked_over_tls_where_the_port_has_it(
        self, proxy: Proxy, secure: Route, instance: Callable[[int], Upstream]
    ) -> None:
        served, gone = self.led_to(secure, instance(200)), self.led_to(secure, instance(0))
        proxy.apply([served])
        assert proxy.unserved(served) == ()
        proxy.apply([gone])
        assert "https" in {one.port.scheme for one in proxy.unserved(gone)}

    def test_every_name_may_be_the_route_s(
        self, proxy: Proxy, route: Route, instance: Callable[[int], Upstream]
    ) -> None:
        for domains in ((), (Domain("_"),)):
            every = replace(self.led_to(route, instance(200)), domains=domains)
            proxy.apply([every])
            assert proxy.unserved(every) == ()


@contextlib.contextmanager
def answering(status: int) -> Iterator[Upstream]:
    """An instance on loopback that answers every GET with a status; with 0 nobody listens there."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    if not status:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            yield Upstream(*bound.getsockname())
        return
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield Upstream("127.0.0.1", server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
