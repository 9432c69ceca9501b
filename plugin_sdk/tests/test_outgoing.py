"""The guard of what the host fetches for a user; every server here is on loopback."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest
from dokkupy_sdk import outgoing
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.outgoing import Guard, guard_of, guard_of_source, is_of_this_host, open_url, require_registry
from dokkupy_sdk.testing import fake_host

CLOSED = (
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.17.0.1", "192.168.1.1", "100.64.0.1", "255.255.255.255", "192.0.2.1",
    "::1", "fd00::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "::127.0.0.1",
)  # fmt: skip
NEVER = (
    "169.254.169.254",
    "fe80::1%eth0",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "ff02::1",
    "100.100.100.200",
    "168.63.129.16",
    "fd00:ec2::254",
)  # noqa: S104


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_open(address: str) -> None:
    assert Guard().permits(address) and Guard(admin=True).permits(address)


@pytest.mark.parametrize("address", CLOSED)
def test_private_addresses_are_an_admin_s_alone(address: str) -> None:
    assert not Guard().permits(address)
    assert Guard(admin=True).permits(address)


@pytest.mark.parametrize("address", NEVER)
def test_nobody_may_reach_addresses_that_give_out_credentials(address: str) -> None:
    everything = ("0.0.0.0/0", "::/0")
    assert not any(one.permits(address) for one in (Guard(), Guard(admin=True), Guard(allowed=everything)))


@pytest.mark.parametrize("place", ["127.0.0.1:5000", "localhost", "10.208.1.3:5000", "169.254.169.254"])
def test_registry_is_not_the_host_itself_nor_an_app(tmp_path: Path, place: str) -> None:
    host = fake_host(tmp_path)
    host.networks().ensure("x", subnet="10.208.1.0/24", labels={})
    require_registry(host, f"{place}/x:1")
    with pytest.raises(UserError, match="SSH keys may not fetch"):
        require_registry(host.for_invocation(who="key:alice"), f"{place}/x:1")


def test_other_registries_are_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = fake_host(tmp_path).for_invocation(who="key:alice")
    asked: list[str] = []

    def resolve(guard: Guard, name: str, port: int) -> list[str]:
        asked.append(f"{name}:{port}")
        raise OSError("the engine says it")

    require_registry(host, "192.168.1.9:5000/x")
    monkeypatch.setattr(Guard, "resolve", resolve)
    for image in ("x", "x:1", "library/x:1", "registry.example.com/x:1", "registry.example.com:5000/x"):
        require_registry(host, image)
    assert asked == ["registry.example.com:443", "registry.example.com:5000"]


def test_registry_is_not_the_host_by_its_address_in_a_private_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_of_this_host("127.0.0.5") and not is_of_this_host("192.0.2.7")
    monkeypatch.setattr(outgoing, "is_of_this_host", lambda address: address == "192.168.7.7")
    host = fake_host(tmp_path).for_invocation(who="key:dev")
    with pytest.raises(UserError, match="is an address of the host"):
        require_registry(host, "192.168.7.7/x")
    require_registry(host, "192.168.7.8/x")


def test_network_that_an_admin_opened_is_open_but_never_an_app_s_or_loopback() -> None:
    guard = Guard(allowed=("10.0.0.0/8", "127.0.0.0/8"), own=("10.208.1.0/24", "2001:db8::/32"))
    assert guard.permits("10.1.1.1")
    assert not guard.permits("10.208.1.3") and not guard.permits("127.0.0.1") and not guard.permits("2001:db8::1")


def test_networks_of_the_engine_are_closed_though_they_are_public(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    host.networks().ensure("x", subnet="198.41.0.0/24", labels={})
    host = host.for_invocation(who="key:alice")
    assert not guard_of(host).permits("198.41.0.4") and guard_of(host).permits("198.41.1.4")
    host = host.for_invocation(who="root")
    assert guard_of(host) == Guard(admin=True)
    assert not guard_of_source(host).permits("127.0.0.1"), "a source is untrusted, whoever deploys it"


def test_name_with_one_forbidden_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(0, 0, 0, "", ("8.8.8.8", 80)), (0, 0, 0, "", ("10.0.0.1", 80))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: rows)
    with pytest.raises(UserError, match=r"x\.example\.com. \(10\.0\.0\.1\).* SSH keys may not fetch"):
        Guard().resolve("x.example.com", 80)


@pytest.mark.parametrize("name", ["2130706433", "0x7f.1", "127.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_other_spellings_of_loopback_are_loopback(name: str) -> None:
    with pytest.raises((UserError, OSError)):
        Guard().connect((name, 9))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        to = self.path.partition("?to=")[2]
        self.send_response(302 if to else 404 if self.path == "/none" else 200)
        if to:
            self.send_header("Location", to)
        self.send_header("Content-Length", "0" if to else "5")
        self.end_headers()
        self.wfile.write(b"" if to else b"hello")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names and the addresses that they have, one at each look-up; loopback counts as public for the sake of the test."""
    answers: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(name: str, port: int, *words: object, **options: object) -> object:
        if name in answers:
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (answers[name].pop(0), port))]
        return real(name, port, type=socket.SOCK_STREAM)

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    return answers


def test_admin_fetches_from_loopback_and_errors_are_statuses(port: int) -> None:
    with open_url(f"http://localhost:{port}/", Guard(admin=True), timeout=60) as answer:
        assert answer.read() == b"hello"
    with pytest.raises(HTTPError, match="404"):
        open_url(f"http://127.0.0.1:{port}/none", Guard(admin=True), timeout=60)


def test_address_is_looked_up_once_and_is_the_one_connected_to(port: int, names: dict[str, list[str]]) -> None:
    names["rebind.example.com"] = ["127.0.0.1", "10.0.0.1"]
    with open_url(f"http://rebind.example.com:{port}/", Guard(admin=True), timeout=60) as answer:
        assert answer.read() == b"hello"
    assert names["rebind.example.com"] == ["10.0.0.1"]


@pytest.mark.parametrize(
    "to", ["http://other.example.com/", "http://[::1]/", "http://169.254.169.254/latest/meta-data"]
)
def test_redirect_of_an_admin_s_url_into_a_private_network_is_refused(
    port: int, names: dict[str, list[str]], to: str
) -> None:
    names["other.example.com"] = ["10.0.0.1"]
    with pytest.raises(UserError, match="may not fetch"):
        open_url(f"http://127.0.0.1:{port}/?to={to}", Guard(admin=True), timeout=60)


def test_redirect_within_the_host_that_was_named_is_followed(port: int) -> None:
    with open_url(f"http://127.0.0.1:{port}/?to=http://127.0.0.1:{port}/x", Guard(admin=True), timeout=60) as answer:
        assert answer.read() == b"hello"


def test_redirects_without_an_end_are_an_error(port: int) -> None:
    with pytest.raises(HTTPError):
        open_url(f"http://127.0.0.1:{port}/" + "?to=/" * 20, Guard(admin=True), timeout=60)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x/", "http://", "http:///x", "http://x:y/", "http://x/ y", "http://é/"]
)
def test_a_url_that_is_not_http_is_refused(url: str) -> None:
    with pytest.raises(UserError):
        open_url(url, Guard(admin=True), timeout=60)


def test_redirect_to_a_file_is_refused(port: int) -> None:
    with pytest.raises(HTTPError, match="not allowed"):
        open_url(f"http://127.0.0.1:{port}/?to=file:///etc/passwd", Guard(admin=True), timeout=60)


@pytest.mark.parametrize("url", ["https://ci:t0psecret@example.com/x.tar", "http://t0psecret@127.0.0.1/x"])
def test_a_url_with_a_login_is_refused_without_printing_it(url: str) -> None:
    with pytest.raises(UserError, match="user name or password, which is not sent") as refused:
        open_url(url, Guard(), timeout=60)
    assert "t0psecret" not in f"{refused.value} {refused.value.hint}"
