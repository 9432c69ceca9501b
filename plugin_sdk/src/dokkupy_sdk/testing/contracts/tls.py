"""The contracts of the roles ChallengeServer and TlsProbe, beside the proxy that serves both."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dokkupy_sdk.model import Certificate, Port, Route
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.proxy_facts import Location
from dokkupy_sdk.roles import ChallengeServer, Proxy, TlsProbe
from dokkupy_sdk.testing.contracts.proxy_fixtures import BLOG, NAME, ProxyFixtures
from dokkupy_sdk.testing.contracts.requests import ask, fingerprint
from dokkupy_sdk.values import replace

PATH = "/.well-known/acme-challenge/"


class ChallengeServerContract(ProxyFixtures):
    """Fixtures to give besides those of `ProxyFixtures`: `server`, of the same host as `proxy`."""

    @pytest.fixture
    def server(self) -> ChallengeServer:
        raise NotImplementedError("give the challenge server under test")

    @pytest.fixture
    def token(self, server: ChallengeServer) -> str:
        """The name of a file that an authority asks for, and its text."""
        directory = Path(server.directory())
        assert directory.is_absolute()
        path = directory / "token-1"
        path.write_text(path.name)
        os.chmod(path, 0o644)
        return path.name

    def test_a_file_of_the_directory_is_served_for_every_name_over_http(
        self, proxy: Proxy, route: Route, token: str
    ) -> None:
        proxy.apply([route])
        for name in (NAME, "nobody.example.com"):
            found = ask(route.ports[0], name, PATH + token)
            assert (found.status, found.body) == (200, token), name

    def test_it_is_served_before_the_redirect_to_tls(self, proxy: Proxy, secure: Route, token: str) -> None:
        proxy.apply([secure])
        assert ask(secure.ports[0], NAME, PATH + token).body == token
        assert ask(secure.ports[0], NAME).status == 301

    def test_it_is_served_before_facts_of_the_app_and_without_instances(
        self, proxy: Proxy, route: Route, public: Path, token: str
    ) -> None:
        (public / "index.html").write_text("back soon")
        for facts in ((), (Location("/", str(public), status=503),)):
            proxy.apply([replace(route, upstreams={}, extra=facts)])
            assert ask(route.ports[0], NAME, PATH + token).body == token

    def test_a_file_is_served_as_soon_as_it_is_there_and_no_longer_than_that(
        self, proxy: Proxy, route: Route, server: ChallengeServer, token: str
    ) -> None:
        proxy.apply([route])
        os.unlink(os.path.join(server.directory(), token))
        found = ask(route.ports[0], NAME, PATH + token)
        assert (found.status, found.instance) == (404, 0)

    def test_no_path_leads_out_of_the_directory(
        self, proxy: Proxy, route: Route, server: ChallengeServer, token: str
    ) -> None:
        proxy.apply([route])
        secret = Path(server.directory()).parent / "secret"
        secret.write_text("out of it")
        try:
            for path in ("../secret", "%2e%2e/secret", "..%2fsecret"):
                assert "out of it" not in ask(route.ports[0], NAME, PATH + path).body, path
        finally:
            secret.unlink()


class TlsProbeContract(ProxyFixtures):
    """Fixtures to give besides those of `ProxyFixtures`: `probe`, of the same host as `proxy`."""

    @pytest.fixture
    def probe(self) -> TlsProbe:
        raise NotImplementedError("give the probe under test")

    def test_it_returns_the_certificate_that_clients_get(self, proxy: Proxy, probe: TlsProbe, secure: Route) -> None:
        assert secure.certificate is not None
        proxy.apply([secure])
        found = probe.served(BLOG, NAME, secure.ports[1].host)
        assert found == fingerprint(secure.certificate) == ask(secure.ports[1], NAME).certificate

    def test_each_name_has_its_own_and_a_wildcard_that_of_a_name_below(
        self, proxy: Proxy, probe: TlsProbe, secure: Route, certificate: Callable[..., Certificate]
    ) -> None:
        own = {name: certificate(name) for name in (NAME, Domain("*.example.net"))}
        proxy.apply([replace(secure, domains=tuple(own), certificate=None, certificates=own)])
        assert {name: probe.served(BLOG, name, secure.ports[1].host) for name in own} == {
            name: fingerprint(one) for name, one in own.items()
        }

    def test_a_replaced_certificate_is_seen_at_once(
        self, proxy: Proxy, probe: TlsProbe, secure: Route, certificate: Callable[..., Certificate]
    ) -> None:
        proxy.apply([secure])
        new = certificate("second.example.org", NAME)
        proxy.apply([replace(secure, certificate=new)])
        assert probe.served(BLOG, NAME, secure.ports[1].host) == fingerprint(new)

    def test_without_a_handshake_there_is_none(self, proxy: Proxy, probe: TlsProbe, secure: Route) -> None:
        plain, tls = secure.ports
        assert probe.served(BLOG, NAME, tls.host) == ""
        proxy.apply([secure])
        assert probe.served(BLOG, NAME, plain.host) == ""
        assert probe.served(BLOG, NAME, Port("https", 1, 5000).host) == ""
        assert probe.served(AppName("diary"), Domain("diary.example.org"), tls.host) == ""
        proxy.apply([], remove=[BLOG])
        assert probe.served(BLOG, NAME, tls.host) == ""
