"""The events: the latest and new ones."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from itertools import islice

import pytest
from dokkupy.cli.main import main
from dokkupy.host import Host
from dokkupy_host.events import follow, line_of
from dokkupy_sdk.events import latest
from dokkupy_sdk.testing.command_line import Run


def test_an_incomplete_line_does_not_hide_the_other_events(host: Host) -> None:
    host.events.record("deployed", app="blog")
    with open(host.events.path, "a", encoding="utf-8") as file:
        file.write('{"time": "20\n')
    host.events.record("destroyed", app="blog", reason="")
    assert [line_of(row).partition(" ")[2] for row in latest(host, 10)] == ["deployed app=blog", "destroyed app=blog"]
    assert [row["event"] for row in latest(host, 1)] == ["destroyed"]


def test_events_of_one_app_leave_out_the_others(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    host.events.record("deployed", app="blog")
    host.events.record("deployed", app="shop")
    assert [row["app"] for row in latest(host, 1, "blog")] == ["blog"]
    following = follow(host, latest(host, 1, "blog"), "blog", pause=0.01)
    assert next(following).endswith("deployed app=blog")
    host.events.record("scaled", app="shop")
    host.events.record("scaled", app="blog")
    assert next(following).endswith("scaled app=blog")
    host.events.record("recovered", subject="app:blog")
    host.events.record("app_renamed", app="diary", old="blog")
    assert main(["events", "blog", "-n", "3"], host=host) == 0
    lines = [line.partition(" ")[2] for line in capsys.readouterr().out.splitlines()]
    assert lines == ["scaled app=blog", "recovered subject=app:blog", "app_renamed app=diary old=blog"]


def test_following_prints_each_event_once(host: Host) -> None:
    host.events.record("first")
    lines = follow(host, latest(host, 10), pause=0.01)
    assert next(lines).endswith("first")
    threading.Timer(0.05, lambda: host.events.record("second")).start()
    assert [line.split()[1] for line in islice(lines, 1)] == ["second"]


def test_following_ends_with_its_reader_although_nothing_happens(host: Host) -> None:
    """Else each dropped SSH connection would leave a process behind."""
    host.events.record("first")
    code = f"from dokkupy_sdk import Host; from dokkupy_sdk.entry import main; main(['events', '-t'], host=Host({host.root!r}))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and b"first" in child.stdout.readline()
        child.stdout.close()
        assert child.wait(60) == 0


def test_scripts_for_dokku_turn_events_on_and_off_and_are_warned(run: Run, host: Host) -> None:
    assert run("events:on") == (0, "-----> Events are always recorded\n", "")
    status, out, error = run("events:off")
    assert (status, out) == (0, "") and "Events are always recorded" in error
    for app in ("blog", "shop"):
        host.events.record("deployed", app=app)
    assert run("events:list")[1] == "=====> Recorded events\ndeployed 2\n"
    assert run("events", "blog")[1].endswith("deployed app=blog\n")


def test_the_latest_events_go_back_beyond_a_rotation(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        monkeypatch.setattr("dokkupy.kernel.events.ROTATE_AT", 0 if number == 2 else 10_000)
        host.events.record("deployed", app="blog", release=str(number))
    assert os.path.exists(host.events.path + ".1")
    assert [row["release"] for row in latest(host, 3)] == ["1", "2", "3"]
    assert [row["release"] for row in latest(host, 1, "blog")] == ["3"]
    assert latest(host, 2, "shop") == []


def test_a_crash_shows_the_last_line_that_the_process_printed() -> None:
    row = {
        "time": "now",
        "event": "process_crashed",
        "app": "blog",
        "lines": "first\nModuleNotFoundError",
        "reason": "a\nb",
    }
    assert line_of(row) == "now process_crashed app=blog lines=ModuleNotFoundError reason=a | b"


@pytest.mark.parametrize("command", ["events", "deploys", "audit:list"])
def test_a_number_of_entries_may_be_zero_and_not_negative(host: Host, run: Run, command: str) -> None:
    host.events.record("deploy_finished", app="blog", outcome="failed")
    assert run(command, "--num=0") == (0, "", "")
    status, out, error = run(command, "--num=-3")
    assert (status, out, error) == (1, "", " !     '-3' is not a number from 0 to 1000000\n")


@pytest.fixture
def keys(host: Host) -> None:
    """Two apps, and the keys of their deployers."""
    for app in ("blog", "shop"):
        host.store.write("apps", app, "app", data={"created_at": "2026-01-01T00:00:00+00:00", "private": app})
    keys = {name: {"role": "deployer", "apps": [app]} for name, app in (("ann", "blog"), ("bea", "shop"))}
    host.store.write("global", "ssh-keys", data={"keys": {**keys, "gone": {"role": "viewer", "apps": []}}})


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("words", [("events",), ("events", "blog")])
def test_a_deployer_sees_the_events_of_its_apps_alone(host: Host, run: Run, words: tuple[str, ...]) -> None:
    host.events.record("scaled", app="blog", by="of an earlier app of this name")
    host.events.record("app_destroyed", app="blog")
    host.events.record("app_created", app="blog")
    host.events.record("app_cloned", app="blog", old="shop")
    host.events.record("app_cloned", app="shop", old="blog")
    host.events.record("service_created", service="redis:db")
    host.events.record("recovered", subject="app:blog")
    status, out, error = run(*words, who="key:ann")
    lines = [line.partition(" ")[2] for line in out.splitlines()]
    assert (status, error) == (0, "")
    assert lines == ["app_created app=blog", "app_cloned app=blog", "recovered subject=app:blog"]
    assert run(*words, "-n", "1", who="key:ann")[1].endswith(" recovered subject=app:blog\n")
    assert run("events:list", who="key:ann")[1].splitlines()[1:] == ["app_cloned 1", "app_created 1", "recovered 1"]
    assert "redis" in run("events")[1]
    assert run("events", who="key:gone")[1] == ""
    following = follow(host.for_invocation(who="key:ann"), [{"event": "first"}], pause=0.01)
    assert "first" in next(following)
    host.events.record("scaled", app="shop")
    host.events.record("scaled", app="blog")
    assert next(following).endswith(" scaled app=blog")


@pytest.mark.usefixtures("keys")
def test_a_renamed_app_leaves_its_former_name_without_events(host: Host, run: Run) -> None:
    host.events.record("scaled", app="blog")
    host.events.record("app_renamed", app="diary", old="blog")
    host.events.record("app_created", app="blog")
    assert [line.split()[1] for line in run("events", "blog", who="key:ann")[1].splitlines()] == ["app_created"]
