"""Which checks there are, and what they may do: no containers."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from dokkupy_checks.hooks import release_files
from dokkupy_checks.legacy import parse_checks_file
from dokkupy_checks.listeners import explain, listeners
from dokkupy_checks.notify import post_json
from dokkupy_checks.plan import Waits, plan_checks
from dokkupy_checks.settings import SETTINGS
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import AppError, UserError
from dokkupy_sdk.model import Port
from dokkupy_sdk.names import ProcessType, Secret
from dokkupy_sdk.outgoing import Guard

from plugins_builtin.checks.tests.conftest import APP, release

WEB, WORKER = ProcessType("web"), ProcessType("worker")


def app_json(**healthchecks: object) -> dict[str, str]:
    return {"app.json": json.dumps({"healthchecks": healthchecks})}


def test_defaults_come_from_the_settings_at_the_time_of_the_check() -> None:
    both = {WEB, WORKER}
    found = plan_checks(release(), both, Waits(attempts=7, wait=1), domain="a.example.com", secure=True).checks
    web, worker = found[WEB][0], found[WORKER][0]
    assert (web.kind, web.attempts, web.wait, web.timeout, web.budget) == ("answers", 7, 1, 5, 41)
    assert (web.patience, web.seconds) == (300, 0)
    assert ("Host", "a.example.com") in web.headers and ("X-Forwarded-Proto", "https") in web.headers
    assert (worker.kind, worker.seconds) == ("started", 10)
    exact = plan_checks(release(), both, Waits(default_wait=20), domain="", secure=False).checks
    assert (exact[WORKER][0].kind, exact[WORKER][0].seconds, exact[WEB][0].seconds) == ("uptime", 20, 20)
    none = plan_checks(release(), both, Waits(default_wait=0), domain="", secure=False).checks
    assert (none[WORKER][0].kind, none[WORKER][0].seconds) == ("uptime", 0.1)


def test_only_startup_entries_count_and_the_others_are_named() -> None:
    files = app_json(web=[{"type": "liveness", "path": "/a"}, {"path": "/b", "name": "b"}])
    plan = plan_checks(release(files), {WEB}, Waits(), domain="", secure=False)
    assert [check.kind for check in plan.checks[WEB]] == ["answers"]
    assert len(plan.warnings) == 2
    assert "Health check b of web has no type" in plan.warnings[0]
    assert "Health check web-1 of web is not run: its type is liveness" in plan.warnings[1]


def test_a_web_with_checks_that_never_look_at_the_port_is_warned_about_it() -> None:
    files = app_json(web=[{"type": "startup", "command": ["true"]}])
    found = plan_checks(release(files), {WEB}, Waits(), domain="", secure=False).checks[WEB]
    assert [(check.kind, check.warn) for check in found] == [("command", False), ("listening", True)]


def test_the_sources_headers_win_over_ours() -> None:
    entry = {"type": "startup", "path": "/", "httpHeaders": [{"name": "host", "value": "own"}]}
    check = plan_checks(release(app_json(web=[entry])), {WEB}, Waits(), domain="a.example.com", secure=False).checks[
        WEB
    ][0]
    assert check.headers == (("host", "own"), ("User-Agent", "dokkupy-checks"))


def test_a_web_without_http_ports_only_has_to_listen() -> None:
    tcp = replace(release(), own_ports=(Port("tcp", 25, 2525),))
    assert plan_checks(tcp, {WEB}, Waits(), domain="", secure=False).checks[WEB][0].kind == "listening"


def test_the_legacy_file_becomes_checks_of_web() -> None:
    text = 'WAIT=1\nTIMEOUT=2\nATTEMPTS=3\n# note\n\n/up  all well\nhttps://x.org/{{ var "P" }} ok\n//y.org/z\n'
    first, second, third = parse_checks_file(text, {"P": Secret("path")})
    assert (first.path, first.content, first.wait, first.timeout, first.attempts) == ("/up", "all well", 1, 2, 3)
    assert (second.scheme, second.path, second.headers) == ("https", "/path", (("Host", "x.org"),))
    assert third.headers == (("Host", "y.org"),)


def test_the_legacy_file_is_looked_for_beside_app_json(host: Host) -> None:
    host.store.write("apps", APP, "app-json", data={"properties": {"appjson-path": "deploy/app.json"}})
    assert list(release_files(host, APP)) == ["deploy/app.json", "deploy/CHECKS", "CHECKS"]
    there = replace(
        release({"deploy/CHECKS": "/up\n", "CHECKS": "/root\n"}),
        settings={"app-json": {"appjson-path": "deploy/app.json"}},
    )
    plan = plan_checks(there, {WEB}, Waits(), domain="", secure=False)
    assert plan.checks[WEB][0].path == "/up"
    assert plan.warnings == ("The file deploy/CHECKS is deprecated: use healthchecks in deploy/app.json",)


def test_an_app_json_without_a_startup_check_of_web_leaves_the_legacy_file_in_force() -> None:
    files = {**app_json(web=[{"type": "liveness", "path": "/live"}]), "CHECKS": "/up\n"}
    assert plan_checks(release(files), {WEB}, Waits(), domain="", secure=False).checks[WEB][0].path == "/up"
    files = {**app_json(web=[{"type": "startup", "path": "/own"}]), "CHECKS": "/up\n"}
    plan = plan_checks(release(files), {WEB}, Waits(), domain="", secure=False)
    assert (plan.checks[WEB][0].path, plan.warnings) == (
        "/own",
        ("The file CHECKS is ignored: app.json has healthchecks for web",),
    )


def test_a_bad_legacy_line_is_named_without_the_secret_in_it() -> None:
    with pytest.raises(AppError) as caught:
        parse_checks_file('/ok\nnonsense {{ var "P" }}\n', {"P": Secret("hush-hush")})
    assert "line 2" in caught.value.message and "hush" not in caught.value.message


TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0B00007F:A001 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2
   2: 020011AC:1388 010011AC:9C40 01 00000000:00000000 00:00000000 00000000     0        0 3
   3: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 4
   4: 00000000000000000000000001000000:0BB9 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 5
garbage
"""


def test_listening_sockets_are_read_from_the_kernels_table() -> None:
    assert listeners(TCP) == [("::", 3000), ("::1", 3001), ("127.0.0.1", 5000)]
    assert explain(listeners(TCP), 5000) == "it listens on 127.0.0.1 only"
    assert "it listens on :::3000" in explain(listeners(TCP), 8080)
    assert explain([], 5000) == "it listens on no port"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://u:p@127.0.0.1/",
        "ftp://example.com/",
        "http:///x",
    ],
)
def test_the_host_s_own_network_is_never_shown(url: str) -> None:
    with pytest.raises((UserError, OSError)):
        post_json(url, {}, guard=Guard())


@pytest.fixture
def listener() -> Iterator[tuple[int, list[tuple[str, bytes]]]]:
    seen: list[tuple[str, bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(302 if self.path == "/away" else 204)
            self.send_header("Location", "/other")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, seen
    server.shutdown()
    server.server_close()


def test_the_document_is_posted_and_no_redirect_followed(listener: tuple[int, list[tuple[str, bytes]]]) -> None:
    port, seen = listener
    assert post_json(f"http://127.0.0.1:{port}/a?b=1", {"x": 1}, guard=Guard(admin=True)) == 204
    assert post_json(f"http://127.0.0.1:{port}/away", {}, guard=Guard(admin=True)) == 302
    assert seen == [("/a?b=1", b'{"x": 1}'), ("/away", b"{}")]


def lists(host: Host) -> tuple[str, str]:
    return SETTINGS.raw(host.store, APP, "disabled"), SETTINGS.raw(host.store, APP, "skipped")


def test_process_types_move_between_the_lists(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["checks:disable", "blog", "web,worker"], host=host) == 0
    assert lists(host) == ("web,worker", "")
    assert main(["checks:skip", "blog", "web"], host=host) == 0
    assert lists(host) == ("worker", "web")
    assert main(["checks:skip", "blog"], host=host) == 0
    assert lists(host) == ("", "_all_")
    assert main(["checks:enable", "blog", "web"], host=host) == 1
    assert main(["checks:enable", "blog"], host=host) == 0
    assert lists(host) == ("", "")
    assert main(["checks:disable", "blog", "../x"], host=host) == 1
    assert main(["checks:disable", "absent"], host=host) == 20


def test_the_report_has_dokkus_keys(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    main(["checks:disable", "blog", "web"], host=host)
    capsys.readouterr()
    assert main(["checks:report", "blog", "--format", "json"], host=host) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["disabled-list"], found["skipped-list"]) == ("web", "none")
    assert (found["wait-to-retire"], found["computed-wait-to-retire"]) == ("", "60")
    assert "disabled" not in found


def test_every_documented_property_can_be_set(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("wait-to-retire", "wait", "timeout", "attempts", "default-wait"):
        assert main(["checks:set", "blog", name, "7"], host=host) == 0
        assert SETTINGS.get(host.store, APP, name) == "7"
    assert main(["checks:set", "--global", "default-wait", "10"], host=host) == 0
    assert main(["checks:set", "blog", "wait", "-1"], host=host) == 1
    assert main(["checks:set", "blog", "disabled", "web"], host=host) == 1
    assert "Invalid property specified" in capsys.readouterr().err
