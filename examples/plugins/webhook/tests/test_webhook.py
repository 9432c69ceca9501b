"""The observer against a real HTTP server on loopback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Crash
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.testing import fake_host
from dokkupy_webhook.hooks import on_backup_finished, on_cron_finished, on_process_crashed
from dokkupy_webhook.send import SIGNATURE, signature

TREE = {"Dockerfile": "FROM scratch", "Procfile": "web: serve\nrelease: migrate"}


class Listener:
    """What was posted, and what is answered."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        self.status = 204
        self.location = ""
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                listener.got.append((dict(self.headers), body))
                listener.paths.append(self.path)
                self.send_response(listener.status)
                if listener.location:
                    self.send_header("Location", listener.location)
                self.end_headers()

            do_GET = do_POST  # what a redirect that is followed would ask for

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/token-7"

    def news(self) -> dict[str, Any]:
        return dict(json.loads(self.got[-1][1]))


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    thread = threading.Thread(target=listener.server.serve_forever, args=(0.01,))
    thread.start()
    yield listener
    listener.server.shutdown()
    listener.server.server_close()
    thread.join()


Raw = Callable[[bytes, float], str]


@pytest.fixture
def raw() -> Iterator[Raw]:
    """A server that answers with these bytes, with a pause (seconds) after each; its address."""
    server = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def answer(text: bytes, pause: float) -> None:
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as request:
            # To the end: closing on what was not read would be a reset, not an answer.
            length = 0
            while (line := request.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            request.read(length)
            try:
                for byte in text:
                    connection.sendall(bytes([byte]))
                    if over.wait(pause):
                        return
            except OSError:
                pass  # whoever asked has left

    def serve(text: bytes, pause: float) -> str:
        threading.Thread(target=answer, args=(text, pause), daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/"

    yield serve
    over.set()
    server.close()


@pytest.fixture
def host(tmp_path: Path, listener: Listener) -> Host:
    host = fake_host(tmp_path, plugins=("webhook",))
    assert main(["webhook:set", "--global", "url", listener.url], host=host) == 0
    return host


def warnings(host: Host) -> list[str]:
    return [text for kind, text in host.out.lines if kind == "warn"]  # type: ignore[attr-defined]


def test_a_deploy_sends_a_notice(host: Host, listener: Listener) -> None:
    deploy(host, "blog", TREE, revision="b" * 40)
    (headers, _), news = listener.got[-1], listener.news()
    assert (news["app"], news["outcome"], news["release"], news["revision"]) == ("blog", "succeeded", 1, "b" * 40)
    assert (headers["X-Dokkupy-Event"], headers["Content-Type"]) == ("deploy_finished", "application/json")
    assert headers["X-Dokkupy-Delivery"] == news["id"]


def test_a_failed_deploy_sends_a_notice_with_its_reason(host: Host, listener: Listener) -> None:
    host.engine().exit_codes["migrate"] = 1  # type: ignore[attr-defined]
    with pytest.raises(AppError):
        deploy(host, "blog", TREE)
    assert listener.news()["outcome"] == "failed"
    assert "status 1" in listener.news()["reason"]


def test_a_backup_of_an_app_notifies_the_app_s_address_and_one_of_the_host_the_global_address(
    host: Host, listener: Listener
) -> None:
    main(["apps:create", "blog"], host=host)
    main(["webhook:set", "blog", "url", f"{listener.url}/blog"], host=host)
    on_backup_finished(host, "app:blog", "verified", "")
    on_backup_finished(host, "host", "failed", "the disk is full")
    assert listener.paths == ["/token-7/blog", "/token-7"]
    assert (listener.news()["subject"], listener.news()["reason"]) == ("host", "the disk is full")


def test_a_task_that_fails_is_news_and_one_that_succeeds_is_none(host: Host, listener: Listener) -> None:
    main(["apps:create", "blog"], host=host)
    main(["webhook:set", "blog", "url", f"{listener.url}/blog"], host=host)
    run: dict[str, Any] = {"app": AppName("blog"), "task": "t1", "run": "r1", "seconds": 2.0, "reason": ""}
    on_cron_finished(host, **run, outcome="succeeded", exit_code=0)
    on_cron_finished(host, **run, outcome="failed", exit_code=3)
    news = listener.news()
    assert (news["event"], news["app"], news["task"], news["exit_code"]) == ("cron_failed", "blog", "t1", 3)
    assert len(listener.paths) == 1


def test_a_notice_of_a_crash_omits_the_output_of_the_app(host: Host, listener: Listener) -> None:
    main(["apps:create", "blog"], host=host)
    main(["webhook:set", "blog", "url", f"{listener.url}/blog"], host=host)
    crash = Crash("app:blog", AppName("blog"), "web.1", 137, True, 10, "2026-01-31T12:00:00Z", ("token=s3cret",))
    on_process_crashed(host, crash)
    news = listener.news()
    assert (news["event"], news["app"], news["process"]) == ("process_crashed", "blog", "web.1")
    assert (news["exit_code"], news["signal"], news["out_of_memory"], news["restarts"]) == (137, "SIGKILL", True, 10)
    assert "s3cret" not in json.dumps(news)
    on_process_crashed(host, replace(crash, subject="postgres:db", app=None))
    assert listener.paths == ["/token-7/blog", "/token-7"]


def test_the_body_is_signed(host: Host, listener: Listener) -> None:
    main(["webhook:set", "--global", "secret", "s3cret"], host=host)
    deploy(host, "blog", TREE)
    headers, body = listener.got[-1]
    assert headers[SIGNATURE] == signature(Secret("s3cret"), body)


def test_the_signature_is_the_one_of_the_reference() -> None:
    # GitHub's own example, "Testing the webhook payload validation".
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signature(Secret("It's a Secret to Everybody"), b"Hello, World!") == expected


def test_without_a_secret_there_is_no_signature(host: Host, listener: Listener) -> None:
    deploy(host, "blog", TREE)
    assert SIGNATURE not in listener.got[-1][0]


def test_secret_and_address_are_not_shown_anywhere(
    host: Host, listener: Listener, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["apps:create", "blog"], host=host)
    main(["webhook:set", "blog", "secret", "s3cret"], host=host)
    main(["webhook:set", "blog", "url", listener.url], host=host)
    main(["webhook:set", "blog", "secret", "s3cret", "--dry-run"], host=host)
    main(["webhook:test", "blog"], host=host)
    main(["webhook:report", "blog"], host=host)
    main(["webhook:report", "blog", "--format", "json"], host=host)
    shown = capsys.readouterr()
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.name.partition(".")[0] != "webhook"]
    for place in (shown.out, shown.err, host.out.text(), *(path.read_text() for path in kept)):  # type: ignore[attr-defined]
        assert "s3cret" not in place and "token-7" not in place
    assert f"127.0.0.1:{listener.server.server_port}" in shown.out


@pytest.mark.parametrize("status", [301, 307, 404, 500])
def test_an_address_that_does_not_take_it_is_a_warning_without_the_address(
    host: Host, listener: Listener, status: int
) -> None:
    listener.status, listener.location = status, f"{listener.url}/elsewhere"
    assert deploy(host, "blog", TREE).release.number == 1
    (warning,) = warnings(host)
    assert warning == f"Plugin webhook could not notify 127.0.0.1:{listener.server.server_port}: it answered {status}"
    assert len(listener.got) == 1


def test_nobody_there_is_a_warning(host: Host) -> None:
    main(["webhook:set", "--global", "url", "http://127.0.0.1:1/"], host=host)
    deploy(host, "blog", TREE)
    assert "cannot be reached" in warnings(host)[0]


def test_one_address_that_fails_keeps_no_other_from_the_news(host: Host, listener: Listener) -> None:
    main(["webhook:set", "--global", "url", "http://127.0.0.1:1/", listener.url], host=host)
    deploy(host, "blog", TREE)
    assert len(warnings(host)) == 1
    assert listener.news()["app"] == "blog"


def test_an_answer_that_drips_is_not_waited_for(host: Host, raw: Raw) -> None:
    # No byte of it takes a second, and all of it takes a quarter of an hour.
    address = raw(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 2000, 0.5)
    main(["webhook:set", "--global", "url", address], host=host)
    main(["webhook:set", "--global", "timeout", "1"], host=host)
    deploy(host, "blog", TREE)
    assert warnings(host)[0].endswith("it did not answer in time")


def test_an_answer_that_is_no_http_is_a_warning_that_does_not_repeat_it(host: Host, raw: Raw) -> None:
    main(["webhook:set", "--global", "url", raw(b"\x1b[2Jgarbage\r\n\r\n", 0)], host=host)
    deploy(host, "blog", TREE)
    assert warnings(host)[0].endswith("it did not answer as a web server does (BadStatusLine)")


REFUSED = [
    "ftp://x/y",
    "file:///etc/passwd",
    "http://",
    "example.com",
    "http://a b/",
    "http://x:99999/",
    "http://x:y/",
    "http://[::1/",
    "https://user:hush@x/",
    "https://hush@x/",
    "http://x/\x7f",
    "http://x/\n",
    "http://\u00e4/",
    "javascript:alert(1)",
    "//x/y",
    "http:///x",
    " ".join(["http://x/"] * 11),
]


@pytest.mark.parametrize("url", REFUSED)
def test_what_is_no_web_address_is_refused(host: Host, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = host.store.read("global", "webhook")
    assert main(["webhook:set", "--global", "url", url], host=host) == 1
    assert "hush" not in capsys.readouterr().err
    assert host.store.read("global", "webhook") == before


def test_a_state_file_edited_by_hand_opens_no_other_scheme(host: Host, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("")
    host.store.write("global", "webhook", data={"properties": {"url": f"file://{target}"}})
    deploy(host, "blog", TREE)
    assert warnings(host)[0].endswith("the address is not an http or https address")


def test_a_ping_on_demand(host: Host, listener: Listener, capsys: pytest.CaptureFixture[str]) -> None:
    main(["apps:create", "blog"], host=host)
    place = f"127.0.0.1:{listener.server.server_port}"
    capsys.readouterr()
    assert main(["webhook:test", "blog", "--dry-run"], host=host) == 0
    assert (capsys.readouterr().out, listener.got) == (f"Would send a ping to {place}\n", [])
    assert main(["webhook:test", "blog", "--format", "json"], host=host) == 0
    assert json.loads(capsys.readouterr().out) == {"app": "blog", "deliveries": [{"host": place, "delivered": True}]}
    assert (listener.news()["event"], listener.news()["app"]) == ("ping", "blog")


def test_a_ping_that_is_not_taken_fails(host: Host, listener: Listener, capsys: pytest.CaptureFixture[str]) -> None:
    main(["apps:create", "blog"], host=host)
    listener.status = 403
    assert main(["webhook:test", "blog"], host=host) == 1
    assert "it answered 403" in capsys.readouterr().err


def test_a_ping_without_an_address_says_how_to_set_one(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    main(["apps:create", "blog"], host=host)
    main(["webhook:set", "--global", "url"], host=host)
    assert main(["webhook:test", "blog"], host=host) == 1
    assert "webhook:set blog url" in capsys.readouterr().err


def test_only_an_admin_lets_the_host_send_requests() -> None:
    from dokkupy_webhook.cli import group

    assert {name: group.commands[name].permission for name in ("set", "test")} == {
        "set": "app:admin",
        "test": "app:admin",
    }


def test_an_app_without_a_webhook_pays_for_no_library() -> None:
    code = "import sys, dokkupy_webhook.hooks; assert not {'urllib.request', 'http.client', 'ssl'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_app_that_is_not_there_says_so(host: Host) -> None:
    assert main(["webhook:test", "nobody"], host=host) == 20
