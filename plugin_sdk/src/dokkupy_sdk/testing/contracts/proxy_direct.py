"""What the contract of a proxy says of TCP and UDP ports."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Port, Route, Upstream
from dokkupy_sdk.names import AppName
from dokkupy_sdk.roles import Proxy
from dokkupy_sdk.testing.contracts.proxy_fixtures import BLOG, ProxyFixtures
from dokkupy_sdk.values import replace

TCP, UDP = 2525, 9999
"""The ports of the containers."""


class Lines:
    """An instance of a protocol of lines: it greets, as mail servers do, and repeats each line. name: in every answer."""

    def __init__(self, name: str) -> None:
        self.name = name.encode()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()
        self.upstream = Upstream(*self.socket.getsockname())

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"220 " + self.name + b"\n")
            for line in connection.makefile("rb"):
                connection.sendall(self.name + b" " + line)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()


class Datagrams:
    """An instance that answers each datagram with its name, the datagram, and how many came from this sender."""

    def __init__(self, name: str) -> None:
        self.name = name.encode()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.counts: dict[object, int] = {}
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        self.upstream = Upstream(*self.socket.getsockname())

    def serve(self) -> None:
        while True:
            data, sender = self.socket.recvfrom(65536)
            if data == b"close":
                return
            self.counts[sender] = self.counts.get(sender, 0) + 1
            self.socket.sendto(b"%s %s %d" % (self.name, data, self.counts[sender]), sender)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"close", self.socket.getsockname())
        self.thread.join()
        self.socket.close()


class Client:
    """A connection to a port of the proxy, read by lines."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.lines = self.socket.makefile("rb")

    def read(self) -> str:
        return self.lines.readline().decode().strip()

    def say(self, line: str) -> str:
        self.socket.sendall(line.encode() + b"\n")
        return self.read()

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


def greeting(port: int) -> str:
    """What a new connection hears first; empty when there is none, or it is closed."""
    try:
        with contextlib.closing(Client(port)) as client:
            return client.read()
    except OSError:
        return ""


def send(client: socket.socket, port: int, data: str, *, tries: int = 5) -> str:
    """The answer to a datagram, which may get lost on its way; empty when none comes."""
    for _ in range(tries):
        try:
            client.sendto(data.encode(), ("127.0.0.1", port))
            return client.recv(65536).decode()
        except OSError:
            continue
    return ""


class ProxyDirectPorts(ProxyFixtures):
    """Rows of the schemes `tcp` and `udp`, for a proxy that has them in `schemes`."""

    @pytest.fixture
    def lines(self) -> Iterator[Callable[[str], Lines]]:
        with contextlib.ExitStack() as stack:
            yield lambda name: stack.enter_context(contextlib.closing(Lines(name)))

    @pytest.fixture
    def datagrams(self) -> Iterator[Callable[[str], Datagrams]]:
        with contextlib.ExitStack() as stack:
            yield lambda name: stack.enter_context(contextlib.closing(Datagrams(name)))

    @pytest.fixture
    def sender(self) -> Iterator[socket.socket]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(12)
            yield client

    @pytest.fixture
    def direct(self, direct_ports: tuple[int, int]) -> Route:
        """Both ports; without instances."""
        return Route(BLOG, (), (Port("tcp", direct_ports[0], TCP), Port("udp", direct_ports[1], UDP)))

    def test_tcp_and_udp_are_among_its_schemes_and_ready(self, proxy: Proxy) -> None:
        for scheme in ("tcp", "udp"):
            assert scheme in proxy.schemes
            ready = proxy.prepare(scheme)
            assert ready.ready, ready.reason

    def test_a_tcp_port_passes_on_what_both_sides_say(
        self, proxy: Proxy, direct: Route, lines: Callable[[str], Lines]
    ) -> None:
        proxy.apply([replace(direct, upstreams={TCP: (lines("one").upstream,)})])
        with contextlib.closing(Client(direct.ports[0].host)) as client:
            assert client.read() == "220 one"
            assert [client.say("HELO x"), client.say("QUIT")] == ["one HELO x", "one QUIT"]

    def test_a_connection_stays_at_its_instance_when_new_ones_go_to_another(
        self, proxy: Proxy, direct: Route, lines: Callable[[str], Lines]
    ) -> None:
        proxy.apply([replace(direct, upstreams={TCP: (lines("old").upstream,)})])
        with contextlib.closing(Client(direct.ports[0].host)) as client:
            assert client.read() == "220 old"
            proxy.apply([replace(direct, upstreams={TCP: (lines("new").upstream,)})])
            assert {greeting(direct.ports[0].host) for _ in range(6)} == {"220 new"}
            assert client.say("still here") == "old still here"

    def test_a_udp_port_passes_on_datagrams_and_a_client_stays_at_one_instance(
        self, proxy: Proxy, direct: Route, datagrams: Callable[[str], Datagrams], sender: socket.socket
    ) -> None:
        proxy.apply([replace(direct, upstreams={UDP: (datagrams("one").upstream, datagrams("two").upstream)})])
        names = set()
        for number in range(5):
            name, data, count = (send(sender, direct.ports[1].host, str(number)) or "none none 0").split()
            assert data == str(number)
            names.add(name)
        assert len(names) == 1
        assert int(count) >= 5  # all by one address of the proxy's, by which an instance knows its client

    def test_datagrams_after_an_application_go_to_the_new_instance(
        self, proxy: Proxy, direct: Route, datagrams: Callable[[str], Datagrams], sender: socket.socket
    ) -> None:
        proxy.apply([replace(direct, upstreams={UDP: (datagrams("old").upstream,)})])
        assert send(sender, direct.ports[1].host, "a").startswith("old a")
        proxy.apply([replace(direct, upstreams={UDP: (datagrams("new").upstream,)})])
        assert send(sender, direct.ports[1].host, "b").startswith("new b")

    def test_a_connection_goes_to_another_instance_where_one_is_down(
        self, proxy: Proxy, direct: Route, lines: Callable[[str], Lines], instance: Callable[[int], Upstream]
    ) -> None:
        proxy.apply([replace(direct, upstreams={TCP: (instance(0), lines("alive").upstream)})])
        assert {greeting(direct.ports[0].host) for _ in range(6)} == {"220 alive"}

    def test_a_removed_port_reaches_nobody(self, proxy: Proxy, direct: Route, lines: Callable[[str], Lines]) -> None:
        one = lines("one").upstream
        proxy.apply([replace(direct, upstreams={TCP: (one,)})])
        proxy.apply([], remove=[BLOG])
        assert greeting(direct.ports[0].host) == ""
        proxy.apply([replace(direct, upstreams={TCP: (one,)})])
        proxy.apply([direct])
        assert greeting(direct.ports[0].host) == ""

    @pytest.mark.parametrize("number", [0, 1])
    def test_a_port_belongs_to_one_app_also_while_nothing_runs(self, proxy: Proxy, direct: Route, number: int) -> None:
        mine = replace(direct, ports=(direct.ports[number],))
        proxy.apply([mine])
        with pytest.raises(DokkupyError, match="blog"):
            proxy.apply([replace(mine, app=AppName("diary"))])
        assert proxy.apps() == (BLOG,)

    def test_the_other_apps_ports_are_kept(
        self, proxy: Proxy, direct: Route, route: Route, lines: Callable[[str], Lines]
    ) -> None:
        proxy.apply([replace(direct, upstreams={TCP: (lines("one").upstream,)})])
        proxy.apply([replace(route, app=AppName("diary"))])
        assert greeting(direct.ports[0].host) == "220 one"

    def test_a_tcp_port_is_unserved_where_no_instance_takes_connections(
        self, proxy: Proxy, direct: Route, lines: Callable[[str], Lines], instance: Callable[[int], Upstream]
    ) -> None:
        served = replace(direct, upstreams={TCP: (lines("one").upstream,)})
        proxy.apply([served])
        assert proxy.unserved(served) == ()
        gone = replace(direct, upstreams={TCP: (instance(0),)})
        proxy.apply([gone])
        assert [(one.port, one.domain) for one in proxy.unserved(gone)] == [(direct.ports[0], None)]
