"""The proxy's own answers tell their causes apart, on a real nginx; an app's own errors pass untouched."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dokkupy_nginx.render.error_pages import UNAVAILABLE
from dokkupy_sdk.model import Upstream
from dokkupy_sdk.testing.ports import free_port

from plugins_builtin.nginx.tests.conftest import Rig

NAME = "blog.example.com"


@pytest.fixture
def answering(rig: Rig) -> Iterator[Callable[[bytes], None]]:
    """Routes blog to an instance that reads a request, sends these bytes and closes the connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(60)
    threads: list[threading.Thread] = []

    def once(data: bytes) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(data)

    def route(data: bytes, instances: int = 1, **settings: str) -> None:
        upstreams = {5000: (Upstream("127.0.0.1", listener.getsockname()[1]),) * instances}
        rig.proxy.apply([rig.route("blog", NAME, upstreams=upstreams, settings=settings)])
        threads.append(threading.Thread(target=once, args=(data,), daemon=True))
        threads[-1].start()

    yield route
    listener.close()
    for thread in threads:
        thread.join(60)


def head_of(size: int) -> bytes:
    """An answer with a header of about this size."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Large: " + b"a" * size + b"\r\n\r\nok"


def test_an_instance_that_nobody_reaches_may_start_have_crashed_or_listen_elsewhere(rig: Rig) -> None:
    port = free_port()
    rig.proxy.apply([rig.route("blog", NAME, upstreams={5000: (Upstream("127.0.0.1", port),)})])
    answer = rig.get(NAME)
    assert answer.status == 502 and "It is starting, has crashed, or listens on another port" in answer.body


def test_the_page_distinguishes_a_closed_connection_from_an_instance_that_does_not_listen(
    rig: Rig, answering: Callable[[bytes], None]
) -> None:
    answering(b"")
    answer = rig.get(NAME)
    assert answer.status == 502 and "closed the connection before its answer was complete" in answer.body


def test_a_head_of_sixteen_kilobytes_passes_both_ways(rig: Rig, answering: Callable[[bytes], None]) -> None:
    answering(head_of(16_000))
    answer = rig.get(NAME, headers={"Cookie": "a" * 16_000})
    assert (answer.status, answer.body, len(answer.headers["x-large"])) == (200, "ok", 16_000)


@pytest.mark.parametrize("size", ["", "4k", "8k"])
def test_a_head_that_does_not_fit_is_named_with_its_setting(
    rig: Rig, answering: Callable[..., None], size: str
) -> None:
    answering(head_of(40_000), **({"proxy-buffer-size": size} if size else {}))
    answer = rig.get(NAME)
    assert answer.status == 502 and "nginx:set APP proxy-buffer-size 64k" in answer.body


def test_a_request_that_is_too_large_is_answered_with_the_limit_and_its_setting(rig: Rig) -> None:
    rig.serve("blog", NAME, settings={"client-max-body-size": "77k"})
    client = http.client.HTTPConnection("127.0.0.1", rig.http, timeout=60)
    client.request("POST", "/", body=bytes(100_000), headers={"Host": NAME})
    answer = client.getresponse()
    assert answer.status == 413
    assert b"the limit is 77k; to change it: nginx:set APP client-max-body-size" in answer.read()
    client.close()


@pytest.mark.parametrize("reason", UNAVAILABLE)
def test_a_route_without_instances_says_why(rig: Rig, reason: str) -> None:
    rig.proxy.apply([rig.route("blog", NAME, unavailable=reason)])
    title, owner = UNAVAILABLE[reason]
    answer = rig.get(NAME)
    assert answer.status == 502 and title in answer.body and owner in answer.body
    assert answer.headers["content-type"].startswith("text/html")


def test_an_answer_that_is_too_late_names_the_setting(rig: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        upstreams = {5000: (Upstream("127.0.0.1", silent.getsockname()[1]),)}
        rig.proxy.apply([rig.route("blog", NAME, upstreams=upstreams, settings={"proxy-read-timeout": "200ms"})])
        answer = rig.get(NAME)
    assert answer.status == 504 and "nginx:set APP proxy-read-timeout" in answer.body


@pytest.mark.parametrize("instances", [1, 2])
def test_error_pages_of_the_hosts_own_files_take_precedence(
    rig: Rig, answering: Callable[..., None], instances: int
) -> None:
    own = Path(rig.layout.snippets("blog"))
    own.mkdir(parents=True)
    (own / "pages.conf").write_text(
        'proxy_intercept_errors on;\nerror_page 413 500 502 = @sorry;\nlocation @sorry { return 503 "back soon"; }\n'
    )
    answering(b"HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nown", instances=instances)
    answer = rig.get(NAME)
    assert (answer.status, answer.body) == (503, "back soon")
    large = rig.get(NAME, method="POST", headers={"Content-Length": "99999999"})
    assert (large.status, large.body) == (503, "back soon")
    rig.proxy.apply([rig.route("blog", NAME, upstreams={5000: (Upstream("127.0.0.1", free_port()),) * instances})])
    assert rig.get(NAME).body == "back soon"
    rig.proxy.apply([rig.route("blog", NAME, unavailable="stopped")])
    assert rig.get(NAME).body == "back soon"


@pytest.mark.parametrize("status", ["413 Too Large", "502 Bad Gateway", "503 Unavailable"])
def test_an_error_of_the_app_itself_passes_untouched(rig: Rig, answering: Callable[[bytes], None], status: str) -> None:
    answering(f"HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\nown".encode())
    answer = rig.get(NAME)
    assert (str(answer.status), answer.body) == (status[:3], "own")


@pytest.mark.parametrize(
    "settings",
    [
        {"proxy-buffers": "2 4k"},
        {"proxy-buffer-size": "128k"},
        {"proxy-busy-buffers-size": "1m"},
        {"proxy-buffers": "4 64k"},
        {"proxy-buffers": "8 4k", "proxy-buffer-size": "4k", "proxy-busy-buffers-size": "8k"},
    ],
    ids=str,
)
def test_each_buffer_setting_works_alone(rig: Rig, settings: dict[str, str]) -> None:
    rig.serve("blog", NAME, settings=settings)
    assert rig.get(NAME).status == 200
