"""The output of real containers, and of a failed deploy."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from dokkupy_logs.lines import by_time, colour_of, parse_line, shown
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.names import AppName

from plugins_builtin.logs.tests.docker_logs import Scheduler

DOCKER = "/usr/bin/docker"
LABEL = "dokkupy.logs-test"
APP = AppName("blog")
TESTS = str(Path(__file__).parent)


def docker(*words: str, data: bytes | None = None) -> str:
    done = subprocess.run([DOCKER, *words], capture_output=True, input=data, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


@pytest.fixture(scope="session")
def image() -> Iterator[str]:
    tag = f"dokkupy-logs-test:{uuid.uuid4().hex[:12]}"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add("/bin/busybox", "bin/busybox")
        for name in ("sh", "sleep"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
    docker("import", "--change", f"LABEL {LABEL}=1", "-", tag, data=buffer.getvalue())
    yield tag
    docker("rmi", "-f", tag)


Start = Callable[[str], str]


@pytest.fixture
def start(image: str) -> Iterator[Start]:
    run = uuid.uuid4().hex[:12]
    yield lambda script: docker(
        "run", "-d", "--pull=never", "--label", f"{LABEL}={run}", image, "/bin/sh", "-c", script
    )
    for identifier in docker("ps", "-aq", "--filter", f"label={LABEL}={run}").split():
        docker("rm", "-f", identifier)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(str(tmp_path / "root"))
    host.store.write("apps", APP, "app", data={"created_at": "now"})
    host.override_role("scheduler", "docker", Scheduler())
    return host


def deployed(host: Host, **instances: str) -> None:
    """State in which these instances serve. Keys like web_1."""
    rows = []
    for name, identifier in instances.items():
        process, _, index = name.partition("_")
        rows.append(
            {
                "process": process,
                "index": int(index),
                "id": identifier,
                "name": f"blog.{process}.{index}",
                "address": "10.0.0.1",
                "port": 5000,
                "release": 1,
                "deployment": "d",
            }
        )
    record = {"number": 1, "image": "sha256:0", "created_at": "", "source": "git-hook"}
    host.store.write("apps", APP, "releases", "000001", data=record)
    host.store.write("apps", APP, "deployment", data={"release": 1, "id": "1", "instances": rows})


def test_lines_of_all_instances_are_sorted_by_time(
    host: Host, start: Start, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    web = start("echo one; sleep 0.6; echo three")
    worker = start("sleep 0.3; echo two; sleep 0.6; echo four")
    docker("wait", web, worker)
    deployed(host, web_1=web, worker_1=worker)
    assert main(["logs", "blog"], host=host) == 0
    lines = capsysbinary.readouterr().out.decode().splitlines()
    # The order of the four depends on the machine; the output must have the same order.
    assert {line.rpartition(" ")[2] for line in lines} == {"one", "two", "three", "four"}
    assert lines == sorted(lines)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z app\[web\.1\]: one", lines[0])
    assert main(["logs", "blog", "-q", "-n", "1", "-p", "worker"], host=host) == 0
    assert capsysbinary.readouterr().out == b"four\n"
    assert main(["logs", "blog", "--ps", "web.1", "--format", "json", "--num", "1"], host=host) == 0
    (row,) = json.loads(capsysbinary.readouterr().out)
    assert (row["process"], row["message"]) == ("web.1", "three")


def test_an_app_cannot_steer_the_terminal(host: Host, start: Start, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    web = start("printf 'a\\033[2Jb\\033]0;title\\007c\\rd\\n'")
    docker("wait", web)
    deployed(host, web_1=web)
    assert main(["logs", "blog"], host=host) == 0
    shown_line = capsysbinary.readouterr().out
    assert shown_line.endswith(b" app[web.1]: abcd\n") and b"\x1b" not in shown_line
    assert main(["logs", "blog", "-q"], host=host) == 0
    assert b"\x1b[2J" in capsysbinary.readouterr().out


def follower(host: Host, *flags: str) -> subprocess.Popen[bytes]:
    """`logs blog` in a separate process."""
    code = (
        "import sys\nfrom docker_logs import Scheduler\nfrom dokkupy_sdk import Host\nfrom dokkupy_sdk.entry import main\n"
        f"host = Host({host.root!r})\nhost.override_role('scheduler', 'docker', Scheduler())\n"
        f"sys.exit(main(['logs', 'blog', *{list(flags)!r}], host=host))\n"
    )
    # A test run that is a shell's background job ignores SIGINT, and would hand that on.
    words = ["env", "--default-signal=INT", sys.executable, "-c", code]
    return subprocess.Popen(words, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": TESTS})


def test_following_continues_with_the_next_deploy_and_ends_with_its_reader(host: Host, start: Start) -> None:
    first = start("echo first; exec sleep 300")
    deployed(host, web_1=first)
    with follower(host, "-t", "-q") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"first\n"
        second = start("echo second; exec sleep 300")
        deployed(host, web_1=second)
        assert process.stdout.readline() == b"second\n"
        process.stdout.close()  # the app writes nothing more, so the closed pipe itself must end it
        assert process.wait(timeout=60) == 0


def test_following_continues_after_a_crash_and_reports_it(host: Host, start: Start) -> None:
    """A script that prints something else at its second start."""
    one = start("if [ -e /lived ]; then echo second; sleep 60; else echo first; sleep 1; : >/lived; exit 4; fi")
    deployed(host, web_1=one)
    with follower(host, "-t") as process:
        assert process.stdout is not None
        assert b"app[web.1]: first" in process.stdout.readline()
        docker("wait", one)
        host.events.record("process_crashed", app="blog", process="web.1", exit_code="4", restarts="0")
        line = process.stdout.readline()
        assert b"dokkupy[web.1]: State changed from up to crashed (exit 4, 0 restarts)" in line
        docker("start", one)
        assert b"app[web.1]: second" in process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 0


def test_the_platforms_lines_about_an_app_are_among_its_own(
    host: Host, start: Start, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    one = start("echo before; sleep 2.1; echo after")
    deployed(host, web_1=one)
    docker("wait", one)
    first = docker("logs", "-t", one).split()[0]
    between = f"{datetime.fromisoformat(first[:19]) + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
    for time, facts in (
        ("2020-01-01T00:00:00Z", {"app": "blog", "process": "web.1"}),
        (between, {"app": "blog", "process": "web.1"}),
        (between, {"app": "other", "process": "web.1"}),
        (between, {"app": "blog", "process": "worker.1"}),
    ):
        os.makedirs(os.path.dirname(host.events.path), exist_ok=True)
        with open(host.events.path, "a") as file:
            row = {
                "time": time,
                "event": "process_crashed",
                "exit_code": "137",
                "oom": "true",
                "restarts": "1",
                **facts,
            }
            file.write(json.dumps(row) + "\n")
    assert main(["logs", "blog", "--ps", "web"], host=host) == 0
    words = [line.partition(b" ")[2] for line in capsysbinary.readouterr().out.splitlines()]
    assert words == [
        b"app[web.1]: before",
        b"dokkupy[web.1]: State changed from up to crashed (out of memory, 1 restart)",
        b"app[web.1]: after",
    ]


def test_an_interrupt_ends_following(host: Host, start: Start) -> None:
    deployed(host, web_1=start("echo up; exec sleep 300"))
    with follower(host, "--tail") as process:
        assert process.stdout is not None
        assert process.stdout.readline().endswith(b" app[web.1]: up\n")
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) == 130


def test_an_app_that_was_never_deployed_says_so(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "blog"], host=host) == 1
    found = capsys.readouterr()
    assert (found.out, found.err) == ("", " !     App blog has not been deployed\n")
    assert main(["logs", "absent"], host=host) == 20


def test_a_process_that_does_not_run_is_refused(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    deployed(host, web_1="x")
    assert main(["logs", "blog", "-p", "worker"], host=host) == 1
    assert "App blog runs no process worker" in capsys.readouterr().err
    assert main(["logs", "blog", "-n", "-3"], host=host) == 1


def test_the_last_failed_deploy_is_shown(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {
            "dyno": "web.1",
            "ended": "ran out of memory",
            "exit_code": 137,
            "oom": True,
            "lines": ["eating \x1b[31mmemory"],
        },
        {"dyno": "worker.1", "ended": "exited with 2", "exit_code": 2, "oom": False, "lines": []},
    ]
    host.store.write("apps", APP, "failed", data={"instances": rows, "at": "2026-01-01", "reason": "web.1 exited"})
    assert main(["logs:failed", "blog"], host=host) == 0
    assert capsys.readouterr().out.splitlines() == [
        "=====> blog failed deploy logs",
        "       2026-01-01 web.1 exited",
        "-----> web.1 ran out of memory",
        "eating memory",
        "-----> worker.1 exited with 2",
    ]
    assert main(["--quiet", "logs:failed", "--all"], host=host) == 0
    assert capsys.readouterr().out == "eating memory\n"
    assert main(["logs:failed", "blog", "--format", "json"], host=host) == 0
    assert json.loads(capsys.readouterr().out)["instances"][0]["exit_code"] == 137


def test_no_failed_deploy_is_a_warning(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs:failed", "blog"], host=host) == 0
    found = capsys.readouterr()
    assert found.out == "" and "There is no record of a failed deploy of blog" in found.err


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("max-size", "20m", 0),
        ("max-size", "unlimited", 0),
        ("max-size", "20", 1),
        ("max-size", "-1m", 1),
        ("app-label-alias", "my.label", 0),
        ("app-label-alias", "a b", 1),
        ("app-label-alias", "dokkupy.service", 1),
        ("app-label-alias", "com.docker.compose.project", 1),
        ("vector-sink", "console://?x=y", 0),
        ("vector-sink", "nothing", 1),
        ("vector-image", "x", 1),
        ("other", "x", 1),
    ],
)
def test_properties_are_validated(host: Host, name: str, value: str, status: int) -> None:
    assert main(["logs:set", "blog", name, value], host=host) == status


def test_a_deployer_may_make_logs_smaller_than_the_hosts_limit_but_not_larger(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    host.store.write("global", "ssh-keys", data={"keys": {"eve": {"role": "deployer", "apps": ["blog"]}}})
    deployer = host.for_invocation(who="key:eve")
    for value, status in (("9m", 0), ("10m", 0), ("11m", 1), ("1g", 1), ("unlimited", 1)):
        assert main(["logs:set", "blog", "max-size", value], host=deployer) == status, value
    assert "With this key, the log of blog cannot be larger than 10m" in capsys.readouterr().err
    host.store.write("global", "logs", data={"properties": {"max-size": "1g"}})
    assert main(["logs:set", "blog", "max-size", "1g"], host=deployer) == 0
    assert main(["logs:set", "blog", "max-size", "unlimited"], host=host) == 0


def test_a_sink_with_its_login_is_masked_in_the_report(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs:set", "blog", "vector-sink", "datadog_logs://?auth.password=hush"], host=host) == 0
    capsys.readouterr()
    assert main(["logs:report", "blog"], host=host) == 0
    assert "hush" not in capsys.readouterr().out


def test_lines_with_and_without_a_time_are_merged_in_order() -> None:
    one = [parse_line("web.1", "stdout", data) for data in (b"2026-01-01T00:00:00.1Z a", b"tail of a")]
    two = [parse_line("web.2", "stdout", data) for data in (b"2026-01-01T00:00:00.05Z b", b"2027-01-01T00:00:00Z c")]
    found = by_time([("", lambda: iter(one)), ("", lambda: iter(two))])
    assert [line.text for line in found] == [b"b", b"a", b"tail of a", b"c"]


def test_the_prefix_is_coloured_per_instance() -> None:
    seen: dict[str, int] = {}
    assert [colour_of(name, seen) for name in ("web.1", "web.2", "web.1")] == [36, 33, 36]
    line = parse_line("web.1", "stdout", b"2026-01-01T00:00:00.000000001Z hi \xff")
    expected = "\x1b[36m2026-01-01T00:00:00Z app[web.1]:\x1b[0m hi �".encode()
    assert shown(line, quiet=False, colour=36) == expected
    assert shown(line, quiet=False, colour=None).startswith(b"2026-01-01T00:00:00.000000001Z app"), "for programs"
