"""Lines are sent to a sink in order and over TLS, and apps do not suffer if the receiver does not accept them."""

from __future__ import annotations

import http.server
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
from dokkupy_logs import hooks, kept
from dokkupy_logs.drain import sinks
from dokkupy_logs.drain import state as states
from dokkupy_logs.drain.buffer import OVERHEAD, Buffer
from dokkupy_logs.drain.drain import Drain
from dokkupy_logs.drain.dsn import parse_dsn
from dokkupy_logs.drain.report import findings, rows_of
from dokkupy_logs.drain.wanted import Wanted, guard_for, wanted_drains
from dokkupy_logs.lines import Line
from dokkupy_sdk import Host
from dokkupy_sdk import operation as operations
from dokkupy_sdk.entry import main
from dokkupy_sdk.model import Instance, InstanceStatus
from dokkupy_sdk.names import AppName
from dokkupy_sdk.outgoing import Guard

APP = AppName("blog")
ONE = Line("2026-02-01T00:00:01.123456789Z", "web.1", "stdout", b"one")
TWO = Line("2026-02-01T00:00:02.000000000Z", "web.1", "stderr", b"two \xff")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(str(tmp_path / "root"))
    host.store.write("apps", APP, "app", data={"created_at": "2026-01-01T00:00:00Z"})
    return host


class Receiver:
    """An HTTP server that records requests. status: its answer; None: never answer."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.status: int | None = 200
        self.let_go = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.status is None:
                    receiver.let_go.wait(60)
                    return
                receiver.got.append((self.path, dict(self.headers), body))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def messages(self) -> list[str]:
        return [row["message"] for _, _, body in self.got for row in json.loads(body)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.let_go.set()
    made.server.shutdown()
    made.server.server_close()


def sink(text: str) -> sinks.Sink:
    dsn = parse_dsn(text)
    return sinks.SINKS[dsn.kind](dsn, lambda: Guard(admin=True), "blog")


def wait_for(true: Callable[[], bool]) -> None:
    for _ in range(1200):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within 60 seconds")


class TestSinks:
    def test_http_gets_a_json_array_with_the_login_and_headers(self, receiver: Receiver) -> None:
        uri = quote(f"http://127.0.0.1:{receiver.port}/in?x=1", safe="")
        sink(f"http://?uri={uri}&auth.user=me&auth.password=hush&request.headers.X-Key=k").send([ONE, TWO])
        ((path, headers, body),) = receiver.got
        assert (path, headers["Authorization"], headers["X-Key"]) == ("/in?x=1", "Basic bWU6aHVzaA==", "k")
        assert json.loads(body)[0] == {
            "timestamp": ONE.at,
            "app": "blog",
            "process": "web.1",
            "stream": "stdout",
            "message": "one",
        }

    def test_loki_gets_a_stream_for_each_process_with_nanoseconds(self, receiver: Receiver) -> None:
        endpoint = quote(f"http://127.0.0.1:{receiver.port}", safe="")
        sink(f"loki://?endpoint={endpoint}&labels.host=h&tenant_id=t").send([ONE, TWO])
        ((path, headers, body),) = receiver.got
        assert (path, headers["X-Scope-OrgID"]) == ("/loki/api/v1/push", "t")
        first, second = json.loads(body)["streams"]
        assert first == {
            "stream": {"app": "blog", "process": "web.1", "stream": "stdout", "host": "h"},
            "values": [["1769904001123456789", "one"]],
        }
        assert second["values"][0][1] == "two \ufffd"

    @pytest.mark.parametrize(("status", "again"), [(500, True), (429, True), (400, False), (302, False)])
    def test_lines_that_the_receiver_refuses_are_not_sent_again(
        self, receiver: Receiver, status: int, again: bool
    ) -> None:
        receiver.status = status
        uri = quote(f"http://127.0.0.1:{receiver.port}/", safe="")
        with pytest.raises(OSError, match=str(status)) as caught:
            sink(f"http://?uri={uri}").send([ONE])
        assert isinstance(caught.value, sinks.Refused) != again

    def test_syslog_goes_over_tls_only_to_a_receiver_with_a_trusted_certificate(self, tmp_path: Path) -> None:
        key, certificate = tmp_path / "key", tmp_path / "certificate"
        words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        words += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(words, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        got: list[bytes] = []
        with socket.create_server(("127.0.0.1", 0)) as server:

            def receive() -> None:
                for _ in range(2):
                    connection, _ = server.accept()
                    try:
                        with context.wrap_socket(connection, server_side=True) as secure:
                            got.append(secure.recv(65536))
                    except OSError:
                        pass  # the sink closed the connection

            thread = threading.Thread(target=receive, daemon=True)
            thread.start()
            address = f"localhost:{server.getsockname()[1]}"
            with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
                sink(f"syslog://?address={address}").send([ONE])
            good = sink(f"syslog://?address={address}&tls.ca_file={quote(str(certificate))}")
            good.send([ONE, TWO])
            thread.join(60)
            good.close()
        name = socket.gethostname()
        first = f"<14>1 2026-02-01T00:00:01.123456Z {name} blog web.1 - - one".encode()
        second = f"<11>1 2026-02-01T00:00:02.000000Z {name} blog web.1 - - two ".encode() + b"\xff"
        assert got == [b"%d %s%d %s" % (len(first), first, len(second), second)]

    def test_lines_are_appended_to_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "out"
        for _ in range(2):
            sink(f"file://?path={path}").send([ONE])
        assert path.read_text() == f"{ONE.at} blog[web.1]: one\n" * 2


class TestBuffer:
    def test_the_oldest_lines_are_dropped_and_counted(self) -> None:
        buffer = Buffer(size=3 * (OVERHEAD + 1))
        for number in range(5):
            buffer.put(Line("", "web.1", "stdout", str(number).encode()))
        assert [line.text for line in buffer.take(10, 10_000, 0)] == [b"2", b"3", b"4"]
        assert (buffer.dropped, buffer.used) == (2, 0)

    def test_a_batch_is_bounded_and_never_empty(self) -> None:
        buffer = Buffer()
        for text in (b"x" * 5000, b"y", b"z"):
            buffer.put(Line("", "web.1", "stdout", text))
        assert [len(buffer.take(10, 100, 0)), len(buffer.take(1, 10_000, 0))] == [1, 1]


class Output:
    """The instance web.1, which prints what the test puts into it and does not end."""

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def logs(self, ref: object, **_: object) -> Iterator[tuple[str, bytes]]:
        for number in range(self.number):
            yield "stdout", f"2099-01-01T00:00:{number % 60:02}.{number:09}Z line {number}".encode()

    def status(self, instances: Sequence[Instance]) -> list[InstanceStatus]:
        return [InstanceStatus(one, "missing") for one in instances]


@pytest.fixture
def printing(host: Host) -> Output:
    output = Output()
    host.override_role("scheduler", "docker", output)
    row = {
        "process": "web",
        "index": 1,
        "id": "a" * 64,
        "name": "blog.web.1",
        "address": "10.0.0.1",
        "port": 5000,
        "release": 1,
        "deployment": "d",
    }
    record = {"number": 1, "image": "sha256:0", "created_at": "", "source": "git-hook"}
    host.store.write("apps", APP, "releases", "000001", data=record)
    host.store.write("apps", APP, "deployment", data={"release": 1, "id": "1", "instances": [row]})
    return output


def drain_to(host: Host, receiver: Receiver) -> Drain:
    uri = quote(f"http://127.0.0.1:{receiver.port}/", safe="")
    text = f"http://?uri={uri}"
    host.store.write("global", "logs", data={"properties": {"vector-sink": text}})
    (wanted,) = wanted_drains(host)
    return Drain(host, wanted)


class TestDrains:
    def test_lines_are_sent_and_the_next_process_continues_where_this_one_stopped(
        self, host: Host, receiver: Receiver, printing: Output
    ) -> None:
        for total in (3, 5):
            printing.number = total
            drain = drain_to(host, receiver)
            drain.start()
            wait_for(lambda: len(receiver.messages()) == total)  # noqa: B023
            drain.over.set()
            drain.save()
        assert receiver.messages() == [f"line {number}" for number in range(5)]
        (row,) = rows_of(host, APP)
        assert (row["sent"], row["dropped"], row["error"]) == (5, 0, "")

    def test_a_receiver_that_hangs_costs_lines_which_are_counted_and_announced(
        self, host: Host, receiver: Receiver, printing: Output, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sinks, "SECONDS", 0.2)
        receiver.status = None
        printing.number = 1000
        drain = drain_to(host, receiver)
        drain.buffer = Buffer(size=100 * OVERHEAD)
        drain.start()
        wait_for(lambda: drain.buffer.dropped > 300 and bool(drain.state.error))
        drain.over.set()
        drain.save()
        (row,) = rows_of(host, APP)
        assert row["dropped"] > 300 and "timed out" in row["error"] and row["sent"] == 0
        last = json.loads(Path(host.events.path).read_text().splitlines()[-1])
        assert (last["event"], last["app"], last["count"]) == ("log_lines_dropped", "blog", str(row["dropped"]))
        assert any("lost lines" in one.message for one in findings(host))

    def test_one_off_containers_are_sent_when_they_are_kept(
        self, host: Host, receiver: Receiver, printing: Output, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("dokkupy_logs.drain.drain.LOOK", 0.05)
        kept.write(host, APP, "cron", "cron.1", 1, "b" * 64, [ONE])
        drain = drain_to(host, receiver)
        drain.start()
        kept.write(host, APP, "cron", "cron.2", 1, "c" * 64, [TWO])
        wait_for(lambda: bool(receiver.got))
        drain.over.set()
        assert receiver.messages() == ["two \ufffd"]

    def test_the_process_ends_when_no_sink_is_left(self, host: Host) -> None:
        assert main(["logs:drain"], host=host) == 0
        assert hooks.teardown_changes(host, dry_run=True) == []

    def test_a_new_sink_counts_from_zero(self, host: Host, receiver: Receiver, printing: Output) -> None:
        states.save(host, APP, "drain", states.State(sink="other", at=ONE.at, sent=7, dropped=3))
        assert drain_to(host, receiver).state.sent == 0
        assert rows_of(host, APP)[0]["dropped"] == 0


class TestWhoMay:
    def test_a_cron_sink_gets_only_the_lines_of_scheduled_tasks(self, host: Host) -> None:
        host.store.write("apps", APP, "logs", data={"properties": {"vector-cron-sink": "syslog://?address=a:1"}})
        host.store.write("global", "logs", data={"properties": {"vector-sink": "syslog://?address=b:1"}})
        assert wanted_drains(host) == [
            Wanted(APP, "drain", "syslog://?address=b:1", ("deploy", "run", "task"), True),
            Wanted(APP, "drain-cron", "syslog://?address=a:1", ("cron",), False),
        ]

    @pytest.mark.parametrize(
        "text",
        [
            "file://?path=/var/log/x",
            "console://",
            "syslog://?address=203.0.113.9:6514&tls.ca_file=/etc/shadow",
            "http://?uri=http%3A//169.254.169.254/latest",
            "http://?uri=http%3A//127.0.0.1%3A9000/",
            "loki://?endpoint=http%3A//10.0.0.5%3A3100",
            "syslog://?address=[::1]:6514",
        ],
    )
    def test_a_deployer_s_sink_reaches_nothing_of_the_host(self, host: Host, text: str) -> None:
        host.store.write("global", "ssh-keys", data={"keys": {"eve": {"role": "deployer", "apps": ["blog"]}}})
        assert main(["logs:set", "blog", "vector-sink", text], host=host.for_invocation(who="key:eve")) != 0
        assert wanted_drains(host) == []

    def test_an_admin_allows_a_private_network_to_apps(self, host: Host) -> None:
        assert main(["logs:set", "--global", "allowed-networks", "10.1.0.0/16"], host=host) == 0
        guard = guard_for(host, is_global=False)
        assert guard.permits("10.1.2.3") and not guard.permits("10.2.0.1") and not guard.permits("127.0.0.1")
        assert guard_for(host, is_global=True).permits("127.0.0.1")

    @pytest.mark.parametrize(
        "text",
        ["http://", "http://?uri=ftp%3A//x", "syslog://?address=x", "file://?path=../x", "loki://?endpoint=x&y=z"],
    )
    def test_an_invalid_sink_is_refused(self, host: Host, text: str) -> None:
        assert main(["logs:set", "--global", "vector-sink", text], host=host) == 1

    def test_options_that_only_vector_supports_cause_a_warning(
        self, host: Host, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["logs:set", "blog", "vector-sink", "datadog_logs://?default_api_key=k"], host=host) == 0
        assert "Only Vector supports sinks of the type datadog_logs" in capsys.readouterr().err
        text = "http://?uri=https%3A//203.0.113.9/&batch.max_events=5"
        assert main(["logs:set", "--global", "vector-sink", text], host=host) == 0
        assert "Without Vector these options have no effect: batch.max_events" in capsys.readouterr().err
        assert main(["logs:drains", "blog", "--format", "json"], host=host) == 0
        (row,) = json.loads(capsys.readouterr().out)
        assert row["error"] and "k" not in row["target"]


class TestStopping:
    def test_nothing_is_sent_after_a_stop_until_the_start(
        self, host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        started: list[str] = []
        monkeypatch.setattr(Host, "spawn", lambda self, *words: started.append(words[0]))
        assert main(["logs:set", APP, "vector-sink", "file://?path=/var/log/x.log"], host=host) == 0
        assert len(wanted_drains(host)) == 1 and started == ["logs:drain"]
        assert main(["logs:vector-stop"], host=host) == 0
        assert wanted_drains(host) == [] and started == ["logs:drain"]
        (finding,) = findings(host)
        assert finding.level == "warning" and "logs:vector-stop" in finding.message
        assert main(["logs:vector-start"], host=host) == 0
        assert len(wanted_drains(host)) == 1 and started == ["logs:drain"] * 2

    def test_it_waits_for_a_running_change_of_global_settings(
        self, host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`logs:set --global` writes the same file, and one of two changes at once would be lost."""
        begin = operations.operation
        monkeypatch.setattr(operations, "operation", partial(begin, wait=0))
        with begin(host, "logs:set", "host"):
            assert main(["logs:vector-stop"], host=host) == 1
        assert "is being changed" in capsys.readouterr().err

    def test_a_start_without_a_sink_says_how_to_set_one(self, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["logs:vector-start", "--vector-image", "x"], host=host) == 0
        shown = capsys.readouterr()
        assert "No sink is set: dokkupy logs:set" in shown.out and "--vector-image has no effect" in shown.err

    def test_the_log_has_a_line_for_each_sink_and_no_secret(
        self, host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Host, "spawn", lambda *_: None)
        sink = "http://?uri=https%3A//logs.example.com/in&auth.user=me&auth.password=hunter2"
        assert main(["logs:set", "--global", "vector-sink", sink], host=host) == 0
        capsys.readouterr()
        assert main(["logs:vector-logs"], host=host) == 0
        out = capsys.readouterr().out
        assert "blog" in out and "http" in out and "hunter2" not in out
        assert main(["logs:vector-logs", "--num", "0"], host=host) == 0
        assert capsys.readouterr().out == ""
        assert main(["logs:vector-logs", "--num", "-1"], host=host) == 1
