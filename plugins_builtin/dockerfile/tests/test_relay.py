"""The relay through which the engine downloads: where it leads, and that the engine gets what the server sends."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, IncompleteRead
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

import pytest
from dokkupy_dockerfile.relay import CLOSED, Relay, listening, reasons
from dokkupy_sdk.outgoing import Guard

pytestmark = pytest.mark.unit

PUBLIC = Guard(admin=True)
"""Permits the loopback interface, which stands for the public internet here, but no redirect to another address of it."""


class Upstream(BaseHTTPRequestHandler):
    """A server: it redirects to what follows `to=`, /cut sends less than it says, /stolen is never new."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[dict[str, str]]] = []

    def do_GET(self) -> None:
        self.seen.append({"path": self.path, **self.headers})
        if "to=" in self.path:
            self.send_response(302)
            self.send_header("Location", self.path.partition("to=")[2])
            self.send_header("Content-Length", "0")
            return self.end_headers()
        new = self.headers.get("If-None-Match") != '"v1"' and self.path != "/stolen"
        self.send_response(200 if new else 304)
        self.send_header("ETag", '"v1"' if self.path != "/stolen" else '"of-another-app"')
        self.send_header("Last-Modified", "Sat, 01 Jan 2022 00:00:00 GMT")
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
        elif new:
            self.send_header("Content-Length", "9" if self.path == "/cut" else "5")
        self.end_headers()
        if self.command == "GET" and new:
            self.wfile.write(b"5\r\nhello\r\n0\r\n\r\n" if self.path == "/chunked" else b"hello")
        self.close_connection = self.path == "/cut"

    do_HEAD = do_GET

    def log_message(self, format: str, *words: object) -> None:
        pass


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Upstream) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def relay_for(app: str, guard: Guard = PUBLIC) -> Relay:
    return Relay(lambda: guard, app)


def get(relay: Relay, url: str, method: str = "GET", **headers: str) -> tuple[int, bytes, Mapping[str, str]]:
    """What the engine does: a request at a relay of an app."""
    with listening(relay) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        connection = HTTPConnection(urlsplit(relay.base).netloc, timeout=60)
        try:
            sent = {key.replace("_", "-"): value for key, value in headers.items()}
            connection.request(method, f"/{url}", headers=sent)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.headers)
        finally:
            connection.close()
            server.shutdown()


def test_the_engine_gets_what_the_server_sends(upstream: str) -> None:
    for path in ("/x?a=%2F", "/chunked"):
        status, body, headers = get(relay_for("blog"), f"{upstream}{path}", User_Agent="engine")
        assert (status, body, headers["Last-Modified"]) == (200, b"hello", "Sat, 01 Jan 2022 00:00:00 GMT")
        assert Upstream.seen[-1]["path"] == path and Upstream.seen[-1]["User-Agent"] == "engine"


def test_a_redirect_is_followed_but_not_to_an_address_that_is_not_permitted(upstream: str) -> None:
    assert get(relay_for("blog"), f"{upstream}/r?to=/x")[1] == b"hello"
    relay = relay_for("blog")
    before = len(Upstream.seen)
    status, body, _ = get(relay, f"{upstream}/r?to={upstream.replace('127.0.0.1', '127.0.0.2')}/page-of-an-app")
    assert status == 403 and b"hello" not in body and len(Upstream.seen) == before + 1
    assert [reason.partition("failed: ")[2] for reason in reasons(relay)] == [CLOSED]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://localhost/", "file:///etc/passwd", "x", ""])
def test_what_is_not_permitted_is_not_asked(url: str) -> None:
    assert get(relay_for("blog", Guard()), url)[0] in (403, 502)


def test_a_program_that_clones_gets_nothing(upstream: str) -> None:
    assert get(relay_for("blog"), f"{upstream}/a.git/info/refs?service=git-upload-pack")[0] == 403


def test_what_the_engine_has_of_the_app_is_not_sent_again(upstream: str) -> None:
    tag = get(relay_for("blog"), f"{upstream}/x")[2]["ETag"]
    assert "v1" not in tag
    for method in ("HEAD", "GET"):
        others = f'"of-another-app", {tag}'
        status, body, headers = get(relay_for("blog"), f"{upstream}/x", method, If_None_Match=others)
        assert (status, body, headers["ETag"]) == (304, b"", tag)
        assert Upstream.seen[-1]["If-None-Match"] == '"v1"'


def test_a_server_learns_and_gets_nothing_that_the_engine_has_of_another_url_or_app(upstream: str) -> None:
    tag = get(relay_for("blog"), f"{upstream}/x")[2]["ETag"]
    for app, path in (("blog", "/y"), ("shop", "/x")):
        status, body, headers = get(relay_for(app), f"{upstream}{path}", If_None_Match=tag)
        assert (status, body) == (200, b"hello") and headers["ETag"] != tag
        assert "If-None-Match" not in Upstream.seen[-1]
    relay = relay_for("shop")
    assert get(relay, f"{upstream}/stolen", If_None_Match=tag)[0] == 502
    assert "was not asked" in reasons(relay)[0]


def test_a_file_that_the_server_cuts_off_is_cut_off_for_the_engine_too(upstream: str) -> None:
    relay = relay_for("blog")
    with pytest.raises(IncompleteRead):
        get(relay, f"{upstream}/cut")


def test_a_password_of_the_url_goes_to_the_server_as_a_header_and_is_not_printed(upstream: str) -> None:
    relay = relay_for("blog")
    url = upstream.replace("://", "://me:p%40ss@")
    assert get(relay, f"{url}/x")[0] == 200
    assert Upstream.seen[-1]["Authorization"] == "Basic bWU6cEBzcw=="
    get(relay, f"{url}/r?to=http://10.0.0.1/")
    assert reasons(relay) and "p%40ss" not in reasons(relay)[0]


def test_each_app_has_an_address_of_its_own_and_another_one_while_it_is_taken() -> None:
    bases = []
    for app in ("blog", "blog", "shop"):
        relay = relay_for(app)
        with listening(relay):
            bases.append(relay.base)
    assert bases[0] == bases[1] != bases[2] and bases[0].startswith("http://127.")
    one, other = relay_for("blog"), relay_for("blog")
    with listening(one), listening(other):
        assert one.base != other.base
