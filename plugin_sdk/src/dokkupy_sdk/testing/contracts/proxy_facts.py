"""The part of the contract of the role Proxy that is about the facts of plugins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Certificate, Route, Upstream
from dokkupy_sdk.proxy_facts import Location, ProxyFact, ResponseHeader
from dokkupy_sdk.roles import Proxy
from dokkupy_sdk.testing.contracts.proxy_fixtures import NAME, ProxyFixtures
from dokkupy_sdk.testing.contracts.requests import ask
from dokkupy_sdk.values import replace

ODD = "a\"b\\c; } $host {x} # '"

REFUSED: dict[str, ProxyFact] = {
    "a header with a line break in its value": ResponseHeader("X-A", "a\r\nSet-Cookie: b"),
    "a header with a line break in its name": ResponseHeader("X-A: b\r\nSet-Cookie", "c"),
    "a header without a name": ResponseHeader("", "a"),
    "a location with a directive in its path": Location("/a { } location /b", "/srv/docs"),
    "a location that climbs": Location("/a/../b", "/srv/docs"),
    "a location without a slash": Location("docs", "/srv/docs"),
    "a location with the status of a success": Location("/", "/srv/docs", status=200),
    "a location with the status of a redirect": Location("/", "/srv/docs", status=301),
}


class ProxyFacts(ProxyFixtures):
    """Fixtures: see `ProxyFixtures`."""

    # ResponseHeader

    def test_a_header_is_on_every_response_unchanged(
        self, proxy: Proxy, secure: Route, instance: Callable[[int], Upstream], public: Path
    ) -> None:
        facts = ResponseHeader("X-Odd", ODD), ResponseHeader("X-Second", "2"), Location("/docs/", str(public))
        for upstreams, status in (((instance(200),), 200), ((instance(404),), 404), ((), 502)):
            for port in secure.ports:
                certificate = secure.certificate if port.scheme == "https" else None
                proxy.apply([replace(secure, extra=facts, certificate=certificate, upstreams={5000: upstreams})])
                found = ask(port, NAME)
                assert (found.status, found.headers.get("x-odd"), found.headers.get("x-second")) == (status, ODD, "2")
        (public / "index.html").write_text("hello")
        found = ask(secure.ports[1], NAME, "/docs/index.html")
        assert (found.body, found.headers.get("x-odd")) == ("hello", ODD)

    def test_a_header_is_removed_with_its_fact(self, proxy: Proxy, route: Route) -> None:
        proxy.apply([replace(route, extra=(ResponseHeader("X-Here", "yes"),))])
        assert ask(route.ports[0], NAME).headers["x-here"] == "yes"
        proxy.apply([route])
        assert "x-here" not in ask(route.ports[0], NAME).headers

    def test_two_values_of_one_header_are_refused(self, proxy: Proxy, route: Route) -> None:
        with pytest.raises(DokkupyError, match="X-A"):
            proxy.apply([replace(route, extra=(ResponseHeader("X-A", "1"), ResponseHeader("X-A", "2")))])
        proxy.apply([replace(route, extra=(ResponseHeader("X-A", "1"), ResponseHeader("X-A", "1")))])
        assert ask(route.ports[0], NAME).headers["x-a"] == "1"

    # Location

    def test_a_location_serves_its_files_and_the_app_all_other_paths(
        self, proxy: Proxy, route: Route, public: Path
    ) -> None:
        (public / "docs").mkdir(mode=0o755)
        (public / "docs" / "a.txt").write_text("from a file")
        proxy.apply([replace(route, extra=(Location("/docs/", str(public / "docs")),))])
        found = ask(route.ports[0], NAME, "/docs/a.txt")
        assert (found.status, found.body) == (200, "from a file")
        missing = ask(route.ports[0], NAME, "/docs/b.txt")
        assert (missing.status, missing.instance) == (404, 0)
        for path in ("/", "/docsearch", "/other/docs/a.txt"):
            assert ask(route.ports[0], NAME, path).instance, path

    def test_no_path_leads_out_of_the_directory_of_a_location(self, proxy: Proxy, route: Route, public: Path) -> None:
        (public / "docs").mkdir(mode=0o755)
        (public / "secret").write_text("out of it")
        proxy.apply([replace(route, extra=(Location("/docs/", str(public / "docs")),))])
        for path in ("/docs../secret", "/docs/../secret", "/docs/%2e%2e/secret", "/docs/..%2fsecret"):
            assert "out of it" not in ask(route.ports[0], NAME, path).body, path

    def test_an_exact_location_is_one_path(self, proxy: Proxy, route: Route, public: Path) -> None:
        (public / "robots.txt").write_text("Disallow: /")
        proxy.apply([replace(route, extra=(Location("/robots.txt", str(public / "robots.txt"), exact=True),))])
        assert ask(route.ports[0], NAME, "/robots.txt").body == "Disallow: /"
        assert ask(route.ports[0], NAME, "/robots.txt/more").instance
        assert ask(route.ports[0], NAME).instance

    @pytest.mark.parametrize("status", [403, 503])
    def test_a_location_with_a_status_answers_every_path_below_with_its_page(
        self, proxy: Proxy, route: Route, public: Path, status: int
    ) -> None:
        (public / "index.html").write_text("back soon")
        proxy.apply([replace(route, extra=(Location("/admin/", str(public), status=status),))])
        for method, path in (("GET", "/admin/"), ("GET", "/admin/deep?x=1"), ("POST", "/admin/form")):
            found = ask(route.ports[0], NAME, path, method=method)
            assert (found.status, found.body) == (status, "back soon"), (method, path)
        assert ask(route.ports[0], NAME).instance

    def test_a_location_of_everything_takes_the_place_of_the_app_and_of_the_redirect(
        self, proxy: Proxy, secure: Route, public: Path
    ) -> None:
        (public / "index.html").write_text("back soon")
        whole = replace(secure, extra=(Location("/", str(public), status=503),))
        for route in (whole, replace(whole, upstreams={})):
            proxy.apply([route])
            for port in secure.ports:
                for path in ("/", "/deep/path?x=1"):
                    found = ask(port, NAME, path)
                    assert (found.status, found.body) == (503, "back soon"), (port, path)
            assert proxy.unserved(route) == ()
        proxy.apply([secure])
        assert ask(secure.ports[1], NAME).instance

    def test_another_location_has_its_path_beside_one_of_everything(
        self, proxy: Proxy, route: Route, public: Path
    ) -> None:
        (public / "index.html").write_text("back soon")
        (public / "docs").mkdir(mode=0o755)
        (public / "docs" / "a.txt").write_text("from a file")
        proxy.apply(
            [replace(route, extra=(Location("/", str(public), status=503), Location("/docs/", f"{public}/docs")))]
        )
        assert ask(route.ports[0], NAME, "/docs/a.txt").body == "from a file"
        assert ask(route.ports[0], NAME, "/else").status == 503

    def test_a_location_is_served_before_the_redirect_to_tls_unless_it_is_not_for_http(
        self, proxy: Proxy, secure: Route, public: Path
    ) -> None:
        (public / "token").write_text("answer")
        plain, tls = secure.ports
        for on_http_too, status in ((True, 200), (False, 301)):
            proxy.apply([replace(secure, extra=(Location("/files/", str(public), on_http_too=on_http_too),))])
            assert ask(plain, NAME, "/files/token").status == status
            assert ask(tls, NAME, "/files/token").body == "answer"

    def test_a_location_that_is_not_for_http_is_served_there_where_nothing_redirects(
        self, proxy: Proxy, secure: Route, public: Path, certificate: Callable[..., Certificate]
    ) -> None:
        (public / "token").write_text("answer")
        proxy.apply([replace(secure, certificate=None, extra=(Location("/files/", str(public), on_http_too=False),))])
        assert ask(secure.ports[0], NAME, "/files/token").body == "answer"

    @pytest.mark.parametrize("what", REFUSED)
    def test_an_invalid_fact_is_refused_and_changes_nothing(self, proxy: Proxy, route: Route, what: str) -> None:
        proxy.apply([route])
        before = proxy.show(route.app)
        with pytest.raises(DokkupyError, match="blog"):
            proxy.apply([replace(route, extra=(REFUSED[what],))])
        assert proxy.show(route.app) == before
        assert ask(route.ports[0], NAME).instance
