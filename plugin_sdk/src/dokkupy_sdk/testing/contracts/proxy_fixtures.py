"""What the contracts of a proxy's roles need."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dokkupy_sdk.model import Certificate, Port, Route, Upstream
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.proxy_facts import ResponseHeader
from dokkupy_sdk.roles import Proxy
from dokkupy_sdk.testing.contracts.requests import answering, self_signed
from dokkupy_sdk.values import replace

BLOG, BAD = AppName("blog"), AppName("bad")
NAME = Domain("blog.example.org")


class ProxyFixtures:
    """Fixtures to give: `proxy`, without a route and ready to serve; `ports`, the ports of the host on loopback at which
    the tests reach it, for HTTP and for HTTPS; `direct_ports`, the same for TCP and for UDP. May be given: `instance` makes upstreams that answer with a status, or
    nobody listens (0); `bad` is a route of the app `bad` that the proxy refuses; `public` is a directory.
    """

    @pytest.fixture
    def proxy(self) -> Proxy:
        raise NotImplementedError("give the proxy under test")

    @pytest.fixture
    def ports(self) -> tuple[int, int]:
        raise NotImplementedError("give the ports for HTTP and HTTPS")

    @pytest.fixture
    def direct_ports(self) -> tuple[int, int]:
        raise NotImplementedError("give the ports for TCP and UDP")

    @pytest.fixture
    def instance(self) -> Iterator[Callable[[int], Upstream]]:
        with contextlib.ExitStack() as stack:
            yield lambda status: stack.enter_context(answering(status))

    @pytest.fixture
    def route(self, ports: tuple[int, int], instance: Callable[[int], Upstream]) -> Route:
        return Route(BLOG, (NAME,), (Port("http", ports[0], 5000),), {5000: (instance(200),)})

    @pytest.fixture
    def secure(self, route: Route, ports: tuple[int, int], certificate: Callable[..., Certificate]) -> Route:
        """The same on a TLS port besides, with a certificate."""
        return replace(route, ports=(*route.ports, Port("https", ports[1], 5000)), certificate=certificate(NAME))

    @pytest.fixture
    def bad(self, route: Route) -> Route:
        header = ResponseHeader("X-Bad", "a\r\nSet-Cookie: b")
        return replace(route, app=BAD, domains=(Domain("bad.example.org"),), extra=(header,))

    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Callable[..., Certificate]:
        return lambda *names: self_signed(tmp_path, *names)

    @pytest.fixture
    def public(self, tmp_path: Path) -> Path:
        """An empty directory whose files the proxy can read."""
        (tmp_path / "public").mkdir()
        return tmp_path / "public"
