"""The part of the contract of the role Proxy about the facts that refuse or redirect requests. Each is tested over TLS too."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Route, Upstream
from dokkupy_sdk.names import Domain, Secret
from dokkupy_sdk.proxy_facts import (
    AccessRule,
    BasicAuth,
    BodySizeLimit,
    DomainRedirect,
    Location,
    ProxyFact,
    RateLimit,
    Redirect,
    hash_password,
)
from dokkupy_sdk.roles import Proxy
from dokkupy_sdk.testing.contracts.proxy_fixtures import NAME, ProxyFixtures
from dokkupy_sdk.testing.contracts.requests import Response, ask
from dokkupy_sdk.values import replace

PASSWORD = 'p:a$s"s {x} ü'
USERS = BasicAuth((("ann", Secret(PASSWORD)), ("bob", Secret("second"))), realm="Staff $only")
EVERYBODY = ("127.0.0.0/8", "::1/128")
NOBODY = ("192.0.2.0/24", "2001:db8::/32")

OPPOSITES: dict[str, tuple[ProxyFact, ProxyFact]] = {
    "two sets of passwords": (USERS, BasicAuth((("eve", Secret("x")),))),
    "two rate limits": (RateLimit(1), RateLimit(2)),
    "two lists of allowed addresses": (AccessRule(allow=EVERYBODY), AccessRule(allow=NOBODY)),
    "two targets of one path": (Redirect("/a", "/b"), Redirect("/a", "/c")),
    "two targets of one name": (DomainRedirect(NAME, "https://a.example"), DomainRedirect(NAME, "https://b.example")),
    "a redirect and a location of one path": (Redirect("/a/", "/b"), Location("/a/", "/srv/docs")),
}


class UnknownFact(ProxyFact):
    """A kind that no adapter knows."""


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


class ProxyRulesContract(ProxyFixtures):
    """Fixtures: see `ProxyFixtures`."""

    @pytest.fixture
    def guarded(self, proxy: Proxy, secure: Route) -> Callable[..., Callable[..., Response]]:
        """Apply facts; what it returns sends a request over TLS."""

        def apply(*facts: ProxyFact) -> Callable[..., Response]:
            proxy.apply([replace(secure, extra=facts)])
            return lambda path="/", name=NAME, **more: ask(secure.ports[1], name, path, **more)

        return apply

    # BasicAuth

    def test_only_a_valid_name_and_password_are_accepted(self, guarded: Callable[..., Callable[..., Response]]) -> None:
        get = guarded(USERS)
        refused = get()
        assert (refused.status, refused.instance) == (401, 0)
        assert refused.headers["www-authenticate"].startswith('Basic realm="Staff $only"')
        for name, password, status in (
            ("ann", PASSWORD, 200),
            ("bob", "second", 200),
            ("ann", "second", 401),
            ("ann", "", 401),
            ("eve", PASSWORD, 401),
        ):
            assert get(headers=basic(name, password)).status == status, (name, password)
        assert guarded()().status == 200

    def test_a_changed_password_is_in_force_and_the_old_one_is_not(
        self, guarded: Callable[..., Callable[..., Response]]
    ) -> None:
        assert guarded(USERS)(headers=basic("bob", "second")).status == 200
        get = guarded(BasicAuth((("bob", Secret("third")),)))
        assert [get(headers=basic("bob", one)).status for one in ("second", "third")] == [401, 200]

    def test_a_password_that_is_known_by_its_hash_gets_in_and_the_hash_does_not(
        self, guarded: Callable[..., Callable[..., Response]]
    ) -> None:
        kept = hash_password(Secret(PASSWORD))
        get = guarded(BasicAuth((("ann", kept),), hashed=True))
        given = (PASSWORD, kept.reveal(), "")
        assert [get(headers=basic("ann", one)).status for one in given] == [200, 401, 401]

    @pytest.mark.parametrize(("exempt", "status"), [(EVERYBODY, 200), (NOBODY, 401)])
    def test_clients_from_exempt_addresses_are_not_asked_for_a_password(
        self, guarded: Callable[..., Callable[..., Response]], exempt: tuple[str, ...], status: int
    ) -> None:
        get = guarded(replace(USERS, exempt=exempt))
        assert get().status == status
        assert get(headers=basic("bob", "second")).status == 200

    def test_show_prints_no_password(
        self, proxy: Proxy, guarded: Callable[..., Callable[..., Response]], route: Route
    ) -> None:
        guarded(USERS)
        shown = proxy.show(route.app)
        secrets = ("second", base64.b64encode(b"bob:second").decode())
        assert shown and not [one for one in secrets if one in shown]

    # AccessRule

    @pytest.mark.parametrize(
        ("rule", "status"),
        [
            (AccessRule(deny=EVERYBODY), 403),
            (AccessRule(deny=NOBODY), 200),
            (AccessRule(allow=EVERYBODY), 200),
            (AccessRule(allow=NOBODY), 403),
            (AccessRule(allow=EVERYBODY, deny=("127.0.0.1",)), 403),
        ],
    )
    def test_clients_get_in_by_their_address(
        self, guarded: Callable[..., Callable[..., Response]], rule: AccessRule, status: int
    ) -> None:
        found = guarded(rule)()
        assert (found.status, bool(found.instance)) == (status, status == 200)

    def test_an_address_that_any_plugin_denies_is_denied(self, guarded: Callable[..., Callable[..., Response]]) -> None:
        assert guarded(AccessRule(allow=EVERYBODY), AccessRule(deny=("127.0.0.1",)))().status == 403

    # RateLimit

    def test_a_client_that_sends_too_many_requests_gets_429(
        self, guarded: Callable[..., Callable[..., Response]]
    ) -> None:
        get = guarded(RateLimit(1, seconds=60, burst=2))
        assert [get().status for _ in range(5)] == [200, 200, 200, 429, 429]

    # BodySizeLimit

    def test_a_body_over_the_limit_gets_413(self, guarded: Callable[..., Callable[..., Response]]) -> None:
        get = guarded(BodySizeLimit(2000), BodySizeLimit(1000))
        assert get(method="POST", body="a" * 1000).received["body"] == "a" * 1000
        refused = get(method="POST", body="a" * 1001)
        assert (refused.status, refused.instance) == (413, 0)

    # Redirect

    def test_a_path_is_redirected_with_all_below_it(self, guarded: Callable[..., Callable[..., Response]]) -> None:
        get = guarded(Redirect("/old", "https://example.com/new?a=1&b=%20#c", status=308))
        for path in ("/old", "/old/", "/old/deep?x=1"):
            found = get(path)
            assert (found.status, found.headers["location"]) == (308, "https://example.com/new?a=1&b=%20#c"), path
        for path in ("/", "/older", "/a/old"):
            assert get(path).instance, path

    def test_an_exact_redirect_is_of_one_path(self, guarded: Callable[..., Callable[..., Response]]) -> None:
        get = guarded(Redirect("/old", "/new", exact=True, status=302))
        found = get("/old")
        assert (found.status, found.headers["location"].endswith("/new")) == (302, True)
        assert get("/old/deep").instance and get("/new").instance

    def test_a_redirect_of_everything_takes_the_place_of_the_app(
        self, proxy: Proxy, secure: Route, guarded: Callable[..., Callable[..., Response]]
    ) -> None:
        get = guarded(Redirect("/", "https://example.com/"))
        for path in ("/", "/deep?x=1"):
            assert (get(path).status, get(path).headers["location"]) == (301, "https://example.com/")
        assert ask(secure.ports[0], NAME).headers["location"] == "https://example.com/"

    # DomainRedirect

    def test_a_name_is_redirected_with_the_path_and_the_others_reach_the_app(
        self, proxy: Proxy, route: Route, secure: Route, public: Path, certificate: Callable[..., object]
    ) -> None:
        www = Domain(f"www.{NAME}")
        both = replace(secure, domains=(NAME, www), extra=(DomainRedirect(www, f"https://{NAME}", status=308),))
        proxy.apply([both])
        for port in secure.ports:
            found = ask(port, www, "/deep/%2e?x=%0d1")
            assert (found.status, found.headers["location"]) == (308, f"https://{NAME}/deep/%2e?x=%0d1"), port
            for method in ("POST", "DELETE"):
                assert ask(port, www, "/form", method=method).status == 308, (port, method)
        assert ask(secure.ports[1], NAME, "/deep").instance
        assert ask(secure.ports[1], NAME, "/form", method="POST").instance
        (public / "index.html").write_text("back soon")
        for whole in (Redirect("/", "https://example.net/"), Location("/", str(public), status=503)):
            proxy.apply([replace(both, extra=(*both.extra, whole, Redirect("/old", "/new")))])
            assert ask(secure.ports[1], www, "/x").headers["location"] == f"https://{NAME}/x", whole
            assert ask(secure.ports[1], www, "/old").headers["location"].endswith("/new"), whole
            assert not ask(secure.ports[1], NAME, "/x").instance, whole

    # together

    def test_the_files_of_a_location_are_guarded_and_its_page_is_not(
        self, guarded: Callable[..., Callable[..., Response]], public: Path
    ) -> None:
        (public / "index.html").write_text("back soon")
        assert guarded(USERS, Location("/files/", str(public)))("/files/index.html").status == 401
        assert guarded(USERS, Location("/files/", str(public), status=503))("/files/").body == "back soon"

    def test_redirects_come_before_rates_addresses_and_passwords(
        self, guarded: Callable[..., Callable[..., Response]]
    ) -> None:
        get = guarded(USERS, AccessRule(deny=EVERYBODY), RateLimit(1, seconds=60), Redirect("/old", "/new"))
        assert [get(path).status for path in ("/old", "/", "/")] == [301, 403, 429]

    def test_facts_of_one_app_are_not_facts_of_another(
        self, proxy: Proxy, secure: Route, bad: Route, instance: Callable[[int], Upstream]
    ) -> None:
        other = replace(bad, extra=(), template=None, ports=secure.ports[:1], upstreams={5000: (instance(200),)})
        proxy.apply([replace(secure, extra=(USERS, RateLimit(1, seconds=60))), other])
        assert ask(secure.ports[1], NAME).status == 401
        assert [ask(other.ports[0], other.domains[0]).status for _ in range(3)] == [200, 200, 200]

    @pytest.mark.parametrize("what", OPPOSITES)
    def test_facts_that_contradict_each_other_are_refused(self, proxy: Proxy, route: Route, what: str) -> None:
        with pytest.raises(DokkupyError, match="blog"):
            proxy.apply([replace(route, extra=OPPOSITES[what])])
        assert not proxy.apps()

    def test_a_kind_of_fact_that_the_proxy_does_not_know_is_refused(self, proxy: Proxy, route: Route) -> None:
        with pytest.raises(DokkupyError, match="UnknownFact"):
            proxy.apply([replace(route, extra=(UnknownFact(),))])
