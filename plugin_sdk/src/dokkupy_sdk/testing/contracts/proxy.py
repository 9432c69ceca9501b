"""The contract of the role Proxy."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Certificate, Port, Route, Upstream
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.roles import Proxy
from dokkupy_sdk.testing.contracts.proxy_direct import ProxyDirectPorts
from dokkupy_sdk.testing.contracts.proxy_facts import ProxyFacts
from dokkupy_sdk.testing.contracts.proxy_fixtures import BAD, BLOG, NAME
from dokkupy_sdk.testing.contracts.proxy_rules import ProxyRulesContract
from dokkupy_sdk.testing.contracts.requests import ask, fingerprint
from dokkupy_sdk.values import replace

DIARY, OTHER = AppName("diary"), Domain("diary.example.org")


class ProxyContract(ProxyFacts, ProxyRulesContract, ProxyDirectPorts):
    """Sends requests to the proxy, with and without TLS, and traffic of TCP and UDP. Fixtures: see `ProxyFixtures`."""

    def led_to(self, route: Route, *upstreams: Upstream) -> Route:
        return replace(route, upstreams={port.container: upstreams for port in route.ports})

    def other(self, route: Route) -> Route:
        return replace(route, app=DIARY, domains=(OTHER,))

    # what is applied

    def test_it_is_ready(self, proxy: Proxy) -> None:
        ready = proxy.prepare()
        assert ready.ready, ready.reason

    def test_an_applied_route_is_there_and_shown(self, proxy: Proxy, route: Route) -> None:
        assert proxy.apps() == ()
        assert proxy.show(BLOG) == ""
        proxy.apply([route])
        assert proxy.apps() == (BLOG,)
        assert NAME in proxy.show(BLOG)

    def test_the_same_route_again_changes_nothing(self, proxy: Proxy, route: Route) -> None:
        proxy.apply([route])
        before = proxy.show(BLOG)
        proxy.apply([route])
        assert proxy.show(BLOG) == before
        assert ask(route.ports[0], NAME).instance

    def test_the_other_apps_routes_are_kept(
        self, proxy: Proxy, route: Route, instance: Callable[[int], Upstream]
    ) -> None:
        proxy.apply([route])
        before = proxy.show(BLOG)
        mine, second = route.upstreams[5000][0], instance(200)
        proxy.apply([self.led_to(self.other(route), second)])
        assert sorted(proxy.apps()) == [BLOG, DIARY]
        assert proxy.show(BLOG) == before
        assert ask(route.ports[0], NAME).instance == mine.port
        assert ask(route.ports[0], OTHER).instance == second.port

    def test_routes_come_and_go_in_one_application(
        self, proxy: Proxy, route: Route, instance: Callable[[int], Upstream]
    ) -> None:
        proxy.apply([route])
        second = instance(200)
        proxy.apply([replace(self.led_to(route, second), app=DIARY)], remove=[BLOG])
        assert proxy.apps() == (DIARY,)
        assert ask(route.ports[0], NAME).instance == second.port

    def test_a_removed_route_no_longer_reaches_its_instance(self, proxy: Proxy, secure: Route) -> None:
        proxy.apply([secure])
        proxy.apply([], remove=[BLOG])
        assert (proxy.apps(), proxy.show(BLOG)) == ((), "")
        assert [ask(port, NAME).instance for port in secure.ports] == [0, 0]

    def test_removing_one_that_is_not_there_is_fine(self, proxy: Proxy, route: Route) -> None:
        proxy.apply([route])
        proxy.apply([], remove=[AppName("nobody")])
        assert proxy.apps() == (BLOG,)
        assert ask(route.ports[0], NAME).instance

    def test_validating_changes_nothing(self, proxy: Proxy, route: Route) -> None:
        proxy.validate([route])
        assert proxy.apps() == ()
        assert not ask(route.ports[0], NAME).instance

    def test_what_is_validated_ahead_serves_once_it_is_applied_and_not_before(self, proxy: Proxy, route: Route) -> None:
        proxy.validate_ahead([route])
        assert proxy.apps() == ()
        assert not ask(route.ports[0], NAME).instance
        proxy.validate_ahead(())
        proxy.validate_ahead([route])
        proxy.apply([route])
        assert proxy.apps() == (BLOG,)
        assert ask(route.ports[0], NAME).instance

    def test_a_refused_route_names_its_app_and_no_route_is_applied(
        self, proxy: Proxy, route: Route, bad: Route, instance: Callable[[int], Upstream]
    ) -> None:
        proxy.apply([route])
        before = proxy.show(BLOG)
        with pytest.raises(DokkupyError, match="bad"):
            proxy.validate([bad])
        changed = self.led_to(route, instance(200))
        with pytest.raises(DokkupyError, match="bad"):
            proxy.apply([changed, self.other(route), bad])
        assert proxy.apps() == (BLOG,)
        assert proxy.show(BLOG) == before
        assert ask(route.ports[0], NAME).instance == route.upstreams[5000][0].port
        assert not ask(route.ports[0], OTHER).instance
        assert not ask(route.ports[0], "bad.example.org").instance

    def test_a_refusal_removes_nothing_either(self, proxy: Proxy, route: Route, bad: Route) -> None:
        proxy.apply([route])
        with pytest.raises(DokkupyError, match="bad"):
            proxy.apply([bad], remove=[BLOG])
        assert proxy.apps() == (BLOG,)
        assert ask(route.ports[0], NAME).instance

    def test_a_name_of_another_app_on_the_same_port_is_refused(self, proxy: Proxy, route: Route) -> None:
        proxy.apply([route])
        with pytest.raises(DokkupyError, match="blog"):
            proxy.apply([replace(route, app=BAD)])
        assert proxy.apps() == (BLOG,)

    # what clients get

    def test_an_instance_gets_the_request_as_the_client_sent_it(self, proxy: Proxy, secure: Route) -> None:
        plain = replace(secure, certificate=None)
        for route, port in ((plain, plain.ports[0]), (secure, secure.ports[1])):
            proxy.apply([route])
            sent = "x" * 10_000
            seen = ask(port, NAME, "/a%20b/?q=1&r=%2F", method="POST", headers={"X-Mine": "yes"}, body=sent).received
            assert (seen["method"], seen["path"]) == ("POST", "/a%20b/?q=1&r=%2F")
            assert seen["headers"]["x-mine"] == "yes"
            assert seen["headers"]["host"] == NAME
            assert seen["body"] == sent

    def test_an_instance_learns_the_scheme_and_the_client_from_the_proxy_alone(
        self, proxy: Proxy, secure: Route
    ) -> None:
        claims = {"X-Forwarded-Proto": "gopher", "X-Forwarded-For": "203.0.113.9"}
        plain = replace(secure, certificate=None)
        for route, port in ((plain, plain.ports[0]), (secure, secure.ports[1])):
            proxy.apply([route])
            seen = ask(port, NAME, headers=claims).received["headers"]
            assert (seen["x-forwarded-proto"], seen["x-forwarded-for"]) == (port.scheme, "127.0.0.1")

    def test_each_name_of_a_route_reaches_the_instance_and_no_other_name_does(self, proxy: Proxy, route: Route) -> None:
        proxy.apply([replace(route, domains=(NAME, Domain("www.example.org"), Domain("*.example.net")))])
        for name in (NAME, "www.example.org", "a.example.net", "b.example.net"):
            assert ask(route.ports[0], name).instance, name
        for name in ("example.org", "blog.example.org.example.com", "example.net"):
            assert not ask(route.ports[0], name).instance, name

    def test_a_removed_name_no_longer_reaches_the_instance(self, proxy: Proxy, route: Route) -> None:
        proxy.apply([route])
        proxy.apply([replace(route, domains=(OTHER,))])
        assert not ask(route.ports[0], NAME).instance
        assert ask(route.ports[0], OTHER).instance

    def test_every_request_after_an_application_reaches_the_new_instances_alone(
        self, proxy: Proxy, route: Route, instance: Callable[[int], Upstream]
    ) -> None:
        proxy.apply([route])
        new = instance(200)
        proxy.apply([self.led_to(route, new)])
        assert {ask(route.ports[0], NAME).instance for _ in range(8)} == {new.port}

    def test_all_instances_of_a_route_get_requests(
        self, proxy: Proxy, route: Route, instance: Callable[[int], Upstream]
    ) -> None:
        two = instance(200), instance(200)
        proxy.apply([self.led_to(route, *two)])
        assert {ask(route.ports[0], NAME).instance for _ in range(16)} == {one.port for one in two}

    def test_a_request_goes_to_another_instance_where_one_is_down(
        self, proxy: Proxy, route: Route, instance: Callable[[int], Upstream]
    ) -> None:
        alive = instance(200)
        proxy.apply([self.led_to(route, instance(0), alive)])
        assert {ask(route.ports[0], NAME).instance for _ in range(6)} == {alive.port}

    @pytest.mark.parametrize("down", [True, False])
    def test_clients_get_502_where_no_instance_answers(
        self, proxy: Proxy, secure: Route, instance: Callable[[int], Upstream], down: bool
    ) -> None:
        proxy.apply([self.led_to(secure, instance(0)) if down else replace(secure, upstreams={})])
        assert ask(secure.ports[1], NAME).status == 502
        proxy.apply([secure])
        assert ask(secure.ports[1], NAME).instance

    def test_ports_of_a_route_lead_to_their_own_instances(
        self, proxy: Proxy, secure: Route, ports: tuple[int, int], instance: Callable[[int], Upstream]
    ) -> None:
        web, second = instance(200), instance(200)
        rows = (Port("http", ports[0], 5000), Port("https", ports[1], 7000))
        proxy.apply([replace(secure, ports=rows, upstreams={5000: (web,), 7000: (second,)})])
        assert ask(rows[1], NAME).instance == second.port
        proxy.apply([replace(secure, ports=rows, upstreams={5000: (web,), 7000: (second,)}, certificate=None)])
        assert ask(rows[0], NAME).instance == web.port

    # TLS

    def test_a_secure_name_is_served_over_tls_with_its_certificate(self, proxy: Proxy, secure: Route) -> None:
        assert secure.certificate is not None
        proxy.apply([secure])
        found = ask(secure.ports[1], NAME)
        assert found.instance
        assert found.certificate == fingerprint(secure.certificate)

    def test_a_secure_name_is_redirected_from_http_to_the_same_path_over_tls(self, proxy: Proxy, secure: Route) -> None:
        proxy.apply([secure])
        found = ask(secure.ports[0], NAME, "/a/b?c=d")
        assert (found.status, found.instance) == (301, 0)
        assert found.headers["location"] == f"https://{NAME}:{secure.ports[1].host}/a/b?c=d"

    def test_each_name_has_its_own_certificate_and_a_name_without_one_stays_plain(
        self, proxy: Proxy, secure: Route, certificate: Callable[..., Certificate]
    ) -> None:
        plain = Domain("plain.example.org")
        own = {name: certificate(name) for name in (NAME, OTHER)}
        proxy.apply([replace(secure, domains=(NAME, OTHER, plain), certificate=None, certificates=own)])
        for name, one in own.items():
            found = ask(secure.ports[1], name)
            assert found.instance and found.certificate == fingerprint(one), name
        assert not ask(secure.ports[1], plain).instance
        assert ask(secure.ports[0], plain).instance

    def test_a_replaced_certificate_is_the_one_that_clients_get(
        self, proxy: Proxy, secure: Route, certificate: Callable[..., Certificate]
    ) -> None:
        proxy.apply([secure])
        new = certificate("second.example.org", NAME)
        proxy.apply([replace(secure, certificate=new)])
        assert ask(secure.ports[1], NAME).certificate == fingerprint(new)

    def test_an_https_port_without_a_certificate_is_left_out(self, proxy: Proxy, secure: Route) -> None:
        proxy.apply([replace(secure, certificate=None)])
        assert ask(secure.ports[0], NAME).instance
        assert not ask(secure.ports[1], NAME).instance

    # what it knows of what it serves

    def test_an_instance_that_answers_is_served(self, proxy: Proxy, route: Route) -> None:
        proxy.apply([route])
        assert proxy.unserved(route) == ()

    @pytest.mark.parametrize("status", [301, 401, 404, 500, 502, 503, 504])
    def test_an_error_of_an_instance_counts_as_a_response(
        self, proxy: Proxy, route: Route, instance: Callable[[int], Upstream], status: int
    ) -> None:
        route = self.led_to(route, instance(status))
        proxy.apply([route])
        assert ask(route.ports[0], NAME).status == status
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

    def test_a_route_that_was_not_applied_is_unserved(self, proxy: Proxy, route: Route) -> None:
        proxy.apply([self.other(route)])
        assert proxy.unserved(route)

    def test_names_are_asked_over_tls_where_the_port_has_it(
        self, proxy: Proxy, secure: Route, instance: Callable[[int], Upstream]
    ) -> None:
        gone = self.led_to(secure, instance(0))
        proxy.apply([secure])
        assert proxy.unserved(secure) == ()
        proxy.apply([gone])
        assert [one.port.scheme for one in proxy.unserved(gone)] == ["https"]  # over HTTP they get the redirect

    @pytest.mark.parametrize("domains", [(), (Domain("_"),)])
    def test_every_name_may_be_the_route_s(self, proxy: Proxy, route: Route, domains: tuple[Domain, ...]) -> None:
        every = replace(route, domains=domains)
        proxy.apply([every])
        assert ask(route.ports[0], "whoever.example.com").instance
        assert proxy.unserved(every) == ()
