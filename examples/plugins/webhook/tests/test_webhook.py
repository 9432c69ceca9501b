"""The observer against a real HTTP server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import AppFault
from dokkupy_sdk.testing import deploy, fake_host
from dokkupy_webhook.send import SIGNATURE, signature

TREE = {"Dockerfile": "FROM scratch", "Procfile": "web: serve\nrelease: migrate"}


class Listener:
    """What was posted, and what is answered."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.location = ""
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.got.append((dict(self.headers), body))
                self.send_response(listener.status)
                if listener.location:
                    self.send_header("Location", listener.location)
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/token-7"

    def news(self) -> dict[str, Any]:
        return dict(json.loads(self.got[-1][1]))


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    thread = threading.Thread(target=listener.server.serve_forever)
    thread.start()
    yield listener
    listener.server.shutdown()
    listener.server.server_close()
    thread.join()


@pytest.fixture
def host(tmp_path: Path, listener: Listener) -> Host:
    host = fake_host(tmp_path, plugins=("webhook",))
    assert main(["webhook:set", "--global", "url", listener.url], host=host) == 0
    return host


def test_a_deploy_is_told(host: Host, listener: Listener) -> None:
    deploy(host, "blog", TREE, revision="b" * 40)
    news = listener.news()
    assert (news["app"], news["outcome"], news["release"], news["revision"]) == ("blog", "succeeded", 1, "b" * 40)


def test_a_failed_deploy_is_told_with_its_reason(host: Host, listener: Listener) -> None:
    host.engine().exit_codes["migrate"] = 1  # type: ignore[attr-defined]
    with pytest.raises(AppFault):
        deploy(host, "blog", TREE)
    assert listener.news()["outcome"] == "failed"
    assert "status 1" in listener.news()["reason"]


def test_the_body_is_signed(host: Host, listener: Listener) -> None:
    main(["webhook:set", "--global", "secret", "s3cret"], host=host)
    deploy(host, "blog", TREE)
    headers, body = listener.got[-1]
    assert headers[SIGNATURE] == signature("s3cret", body)


@pytest.mark.parametrize("status", [301, 404, 500])
def test_an_address_that_does_not_take_it_is_a_warning_without_the_address(
    host: Host, listener: Listener, status: int
) -> None:
    listener.status, listener.location = status, "http://127.0.0.1:1/elsewhere"
    deploy(host, "blog", TREE)
    warnings = [text for kind, text in host.out.lines if kind == "warn"]  # type: ignore[attr-defined]
    assert f"The webhook of blog answered {status}" in warnings
    assert "token-7" not in host.out.text()  # type: ignore[attr-defined]
    assert len(listener.got) == 1


def test_nobody_there_is_a_warning(host: Host) -> None:
    main(["webhook:set", "--global", "url", "http://127.0.0.1:1/"], host=host)
    deploy(host, "blog", TREE)
    assert "cannot be reached" in host.out.text()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "url", ["ftp://x/y", "file:///etc/passwd", "http://", "example.com", "http://a b/", "http://x:99999/"]
)
def test_what_is_no_web_address_is_refused(host: Host, url: str) -> None:
    assert main(["webhook:set", "--global", "url", url], host=host) == 1


def test_a_ping_on_demand(host: Host, listener: Listener, capsys: pytest.CaptureFixture[str]) -> None:
    main(["apps:create", "blog"], host=host)
    assert main(["webhook:test", "blog"], host=host) == 0
    assert listener.news() == {"event": "ping", "app": "blog"}
    capsys.readouterr()
    assert main(["webhook:report", "blog"], host=host) == 0
    assert "token-7" not in capsys.readouterr().out
