"""Connections to an app are kept, and no request is lost or sent twice when the app closes one without a warning."""

from __future__ import annotations

import http.client
import socket
import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from dokkupy_nginx.render.app import render_app
from dokkupy_nginx.render.values import Facts
from dokkupy_sdk.model import Port, Route, Upstream
from dokkupy_sdk.names import AppName, Domain

from plugins_builtin.nginx.tests.conftest import Rig

NAME = "blog.example.com"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class App:
    """An instance that announces kept connections, and closes each one after some requests. silent: it takes that many
    requests in whole, and closes the connection instead of answering the last one."""

    def __init__(self, *, requests: int, silent: bool = False) -> None:
        self.requests, self.silent = requests, silent
        self.seen: Counter[str] = Counter()
        """How often each request arrived, by its method and path."""
        self.connections = 0
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    @property
    def upstream(self) -> Upstream:
        return Upstream("127.0.0.1", self.socket.getsockname()[1])

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            for number in range(1, self.requests + 1):
                first = lines.readline().decode()
                length = 0
                while (line := lines.readline().strip().lower()) not in (b"", b"\r\n"):
                    length = int(line.partition(b":")[2]) if line.startswith(b"content-length:") else length
                lines.read(length)
                if not first:
                    return
                self.seen[" ".join(first.split()[:2])] += 1
                if self.silent and number == self.requests:
                    return
                connection.sendall(ANSWER)

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()  # else it accepts what comes to the next socket of this number
        self.socket.close()


@pytest.fixture
def started() -> Iterator[list[App]]:
    apps: list[App] = []
    yield apps
    for app in apps:
        app.close()


def serve(rig: Rig, *apps: App) -> None:
    rig.proxy.apply([rig.route("blog", NAME, upstreams={5000: tuple(app.upstream for app in apps)})])


def ask(rig: Rig, requests: list[tuple[str, str]]) -> list[int]:
    """The statuses of requests that one client sends by one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", rig.http, timeout=60)
    found = []
    for method, path in requests:
        connection.request(method, path, b"body" if method in ("POST", "PUT") else None, {"Host": NAME})
        answer = connection.getresponse()
        answer.read()
        found.append(answer.status)
    connection.close()
    return found


def test_connections_to_the_app_are_kept(rig: Rig, started: list[App]) -> None:
    app = App(requests=1000)
    started.append(app)
    serve(rig, app)
    assert set(ask(rig, [("GET", f"/{number}") for number in range(50)])) == {200}
    assert app.connections < 5


def test_zero_keeps_none(rig: Rig, started: list[App]) -> None:
    app = App(requests=1000)
    started.append(app)
    rig.proxy.apply([rig.route("blog", NAME, upstreams={5000: (app.upstream,)}, settings={"proxy-keepalive": "0"})])
    assert set(ask(rig, [("GET", "/")] * 20)) == {200}
    assert app.connections == 20


@pytest.mark.parametrize("instances", [1, 2, 3])
def test_no_request_is_lost_or_repeated_where_the_app_closes_each_connection_after_its_answer(
    rig: Rig, started: list[App], instances: int
) -> None:
    started += [App(requests=1) for _ in range(instances)]
    serve(rig, *started)
    methods = ("GET", "POST", "PUT", "PATCH", "DELETE", "GET")
    statuses: list[int] = []

    def client(number: int) -> None:
        statuses.extend(ask(rig, [(methods[turn % 6], f"/{number}/{turn}") for turn in range(60)]))

    clients = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    assert Counter(statuses) == {200: 480}
    seen = sum((app.seen for app in started), Counter[str]())
    assert len(seen) == 480
    assert {request: count for request, count in seen.items() if count > 1} == {}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_request_with_an_idempotent_method_is_sent_again_when_a_kept_connection_closes(
    rig: Rig, started: list[App], method: str
) -> None:
    app = App(requests=2, silent=True)
    started.append(app)
    serve(rig, app)
    # Two workers keep connections of their own, so that several turns are taken.
    assert set(ask(rig, [(method, f"/{turn}") for turn in range(8)])) == {200}
    assert max(app.seen.values()) == 2


@pytest.mark.parametrize("method", ["POST", "PATCH", "PURGE"])
def test_request_with_any_other_method_is_sent_once_and_never_by_a_kept_connection(
    rig: Rig, started: list[App], method: str
) -> None:
    app = App(requests=2, silent=True)
    started.append(app)
    serve(rig, app)
    assert set(ask(rig, [(kind, f"/{turn}") for turn in range(8) for kind in ("GET", method)])) == {200}
    assert {count for request, count in app.seen.items() if request.startswith(method)} == {1}


def test_post_that_an_app_gives_no_answer_to_is_an_error_and_not_repeated_at_another_instance(
    rig: Rig, started: list[App]
) -> None:
    started += [App(requests=1, silent=True), App(requests=1, silent=True)]
    serve(rig, *started)
    assert ask(rig, [("POST", "/order")]) == [502]
    assert sum((app.seen for app in started), Counter[str]())["POST /order"] == 1


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ((1, 14, 2), ["keepalive 64;"]),
        ((1, 18, 0), ["keepalive 64;", "keepalive_timeout 1s;"]),
        ((1, 22, 1), ["keepalive 64;", "keepalive_timeout 1s;", "keepalive_time 5s;"]),
    ],
)
def test_kept_connections_are_described_as_far_as_this_version_of_nginx_knows(
    version: tuple[int, ...], expected: list[str]
) -> None:
    route = Route(AppName("blog"), (Domain(NAME),), (Port("http", 80, 5000),), {5000: (Upstream("172.20.0.2", 5000),)})
    lines = [line.strip() for line in render_app(route, Facts(version=version)).body.splitlines()]
    upstream = lines[lines.index("upstream blog-5000 {") : lines.index("}")]
    assert [line for line in upstream if line.startswith("keepalive")] == expected
