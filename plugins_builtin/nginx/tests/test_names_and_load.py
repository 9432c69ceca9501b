"""The app gets the name by which it was chosen, whatever else a request claims; and slow clients keep nobody out."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from dokkupy_nginx.setup import capacity
from dokkupy_nginx.setup.doctor import connections
from dokkupy_nginx.setup.install import Wiring
from dokkupy_sdk.model import Certificate, Port
from dokkupy_sdk.testing.processes import children

from plugins_builtin.nginx.tests.conftest import Backend, Rig, wait_for


def ask(rig: Rig, head: str) -> int:
    """The status of the answer to a request as it stands; 0 for none."""
    with socket.create_connection(("127.0.0.1", rig.http), 60) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        answer = connection.recv(65536)
    return int(answer.split()[1]) if answer else 0


def named(backend: Backend) -> tuple[str | None, str | None]:
    request = backend.requests[-1]
    return request.get("host"), request.get("x-forwarded-host", "")


#: A request, and the name that the app blog must get; None: nobody may answer.
REQUESTS = {
    "GET / HTTP/1.1\nHost: blog.example.com": "blog.example.com",
    "GET / HTTP/1.1\nHost: blog.example.com:8080": "blog.example.com:8080",
    "GET / HTTP/1.1\nHost: BLOG.Example.COM": "blog.example.com",
    "GET / HTTP/1.1\nHost: blog.example.com.": "blog.example.com",
    "GET / HTTP/1.1\nHost: blog.example.com:": "blog.example.com",
    "GET http://blog.example.com/ HTTP/1.1\nHost: shop.example.com": "blog.example.com",
    "GET http://blog.example.com:81/ HTTP/1.1\nHost: shop.example.com:82": "blog.example.com:82",
    "GET http://BLOG.example.com./ HTTP/1.1\nHost: unknown.example.com": "blog.example.com",
    "GET / HTTP/1.0\nHost: blog.example.com": "blog.example.com",
    "GET / HTTP/1.1\nHost: blog.example.com\nX-Forwarded-Host: shop.example.com": "blog.example.com",
    "GET / HTTP/1.1\nHost: unknown.example.com": None,
    "GET http://unknown.example.com/ HTTP/1.1\nHost: blog.example.com": None,
    "GET / HTTP/1.0": None,
    "GET / HTTP/1.1": None,
    "GET / HTTP/1.1\nHost: blog.example.com\nHost: shop.example.com": None,
    "GET / HTTP/1.1\nHost: blog.example.com/": None,
    "GET / HTTP/1.1\nHost: blog.example.com shop.example.com": None,
    "GET / HTTP/1.1\nHost: _": None,
}


@pytest.fixture
def backend(rig: Rig) -> Backend:
    rig.serve("shop", "shop.example.com")
    return rig.serve("blog", "blog.example.com")


@pytest.mark.parametrize("request_line", REQUESTS, ids=lambda text: text.replace("\n", "|"))
@pytest.mark.parametrize("names", [("blog.example.com",), ("blog.example.com", "www.example.com")], ids=len)
def test_app_gets_the_name_by_which_it_was_chosen(
    rig: Rig, backend: Backend, request_line: str, names: tuple[str, ...]
) -> None:
    name = REQUESTS[request_line]
    if len(names) > 1:  # the names of a server with one are compared as a word
        rig.proxy.apply([rig.route("blog", *names, upstreams={5000: (backend.upstream,)})])
    status = ask(rig, request_line)
    if name is None:
        assert status in (0, 400) and backend.requests == []
    else:
        assert status == 200
        assert named(backend) == (name, "")
        assert rig.backends[0].requests == []


def test_with_tls_too_the_request_decides_and_not_the_handshake(rig: Rig) -> None:
    for app in ("blog", "shop"):
        certificate = Certificate(*rig.certificate(f"{app}.example.com"))
        rig.serve(app, f"{app}.example.com", ports=(Port("https", rig.tls, 5000),), certificate=certificate)
    answer = rig.get("shop.example.com", tls=True, sni="blog.example.com")
    assert answer.body == "shop /"
    assert named(rig.backends[1]) == ("shop.example.com", "")
    assert rig.get("unknown.example.com", tls=True, sni="blog.example.com").status in (0, 421)
    assert [len(backend.requests) for backend in rig.backends] == [0, 1]


def test_app_that_takes_all_names_gets_the_one_that_was_asked_for(rig: Rig) -> None:
    backend = rig.backend("all")
    rig.proxy.apply([rig.route("all", upstreams={5000: (backend.upstream,)})])
    assert ask(rig, "GET / HTTP/1.1\nHost: any.example.com:8080") == 200
    assert named(backend)[0] == "any.example.com:8080"
    assert ask(rig, "GET / HTTP/1.0") == 200
    assert named(backend) == (None, "")


def hold(rig: Rig, count: int) -> list[socket.socket]:
    """Connections that begin a request and do not end it."""
    held = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", rig.http), 60)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: blog.example.com\r\nX-Slow: ")
        held.append(connection)
    return held


def test_slow_connections_keep_nobody_out_after_setup(cold: Rig) -> None:
    """Two workers of 256 connections are what the rig's nginx.conf has; each of 600 slow clients holds one."""
    conf = cold.root / "etc/nginx.conf"
    before = conf.read_text()
    cold.proxy.ensure_tree()
    cold.start()
    cold.serve("blog", "blog.example.com")
    assert connections(cold.proxy).level == "warning"
    held = hold(cold, 600)
    try:
        wait_for(lambda: "worker_connections are not enough" in (cold.root / "log/error.log").read_text())
    finally:
        for one in held:
            one.close()
    old = set(children(cold.pid))
    assert any(
        "raise worker_connections and worker_rlimit_nofile" in line
        for line in Wiring(cold.proxy, dry_run=False).setup()
    )
    assert connections(cold.proxy).level == "ok"
    wait_for(lambda: not old & set(children(cold.pid)))
    held = hold(cold, 600)
    try:
        assert [cold.get("blog.example.com").status for _ in range(5)] == [200] * 5
    finally:
        for one in held:
            one.close()
    Wiring(cold.proxy, dry_run=False).teardown()
    assert conf.read_text() == before


def test_requests_of_one_address_are_bounded(rig: Rig) -> None:
    rig.host.store.write("global", "nginx", data={"properties": {"requests-per-address": "3"}})
    backend = rig.serve("blog", "blog.example.com")
    body = b"POST / HTTP/1.1\r\nHost: blog.example.com\r\nContent-Length: 10\r\n\r\n"
    held = [socket.create_connection(("127.0.0.1", rig.http), 60) for _ in range(3)]
    try:
        for one in held:
            one.sendall(body)
        wait_for(lambda: rig.get("blog.example.com").status == 429)
    finally:
        for one in held:
            one.close()
    wait_for(lambda: rig.get("blog.example.com").status == 200)
    rig.host.store.write("global", "nginx", data={"properties": {"requests-per-address": "0"}})
    rig.proxy.apply([rig.route("blog", "blog.example.com", upstreams={5000: (backend.upstream,)})])
    assert "limit_conn " not in (Path(rig.layout.live) / "apps" / "blog.conf").read_text()


def test_header_that_does_not_end_is_given_up_before_a_name_is_known(rig: Rig, backend: Backend) -> None:
    """The time is that of the whole of nginx, as the name comes in the header."""
    default = next(path for path in Path(rig.layout.live).glob("*.conf"))
    assert "client_header_timeout 20s;" in default.read_text()


CONFS = (
    "daemon on;\nevents { worker_connections 256; }\nhttp {}\n",
    "events {}\n",
    "events {\n}\n",
    "worker_rlimit_nofile 100000;\nevents {\n\tworker_connections 20000;\n\t# worker_connections 1;\n}\n",
    "worker_rlimit_nofile 100; events {\n worker_connections 20;\n}\n",
    "user www-data;\n\nevents {\n\tworker_connections 768;\n\t# multi_accept on;\n}\n",
)


def test_no_more_files_are_asked_for_than_a_container_allows() -> None:
    """nginx asks for the limit as root, but where root has no CAP_SYS_RESOURCE the kernel refuses more than there is."""
    assert capacity.numbers(20000)["worker_rlimit_nofile"] == 20000
    assert capacity.numbers(524288)["worker_rlimit_nofile"] == capacity.FILES


@pytest.mark.parametrize("text", CONFS)
def test_numbers_are_raised_once_and_put_back(text: str) -> None:
    wanted = capacity.numbers()
    raised = capacity.raised(text, wanted)
    assert capacity.lacking(raised, wanted) == {}
    assert capacity.raised(raised, wanted) == raised
    assert capacity.lowered(raised) == text
