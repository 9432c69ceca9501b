"""The commands `run` and `run:*`."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from dokkupy.errors import UserError
from dokkupy.host import Host
from dokkupy_apps.testing import deploy
from dokkupy_run.cli import ago, wants_tty
from dokkupy_sdk.testing.fake_engine import FakeEngine

from plugins_builtin.run.tests.conftest import Run


@pytest.fixture
def engine(host: Host) -> FakeEngine:
    for app in ("blog", "wiki"):
        deploy(host, app, {"Procfile": "web: serve\n"})
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    return engine


def labels(engine: FakeEngine) -> dict[str, str]:
    return dict(engine.containers.find_all({"dokkupy.kind": "run"})[-1].labels)


def test_labels_before_and_after_the_command_reach_the_container(run: Run, engine: FakeEngine) -> None:
    words = ("--label=com.example.a=1", "run:detached", "--label", "b=2", "--ttl-seconds", "30", "blog", "sleep", "9")
    status, out, _ = run(*words)
    assert status == 0 and out.startswith("blog.run.")
    found = labels(engine)
    assert (found["com.example.a"], found["b"], found["com.dokku.active-deadline-seconds"]) == ("1", "2", "30")


def test_a_label_before_a_command_that_starts_nothing_is_refused(run: Run, engine: FakeEngine) -> None:
    status, _, error = run("--label=a=b", "ps:report", "blog")
    assert status == 1 and "--label has no effect on ps:report" in error


def test_secrets_of_a_one_off_command_are_not_in_the_audit(run: Run, host: Host, engine: FakeEngine) -> None:
    run("run:detached", "--env=TOKEN=hunter2", "--env", "OTHER=hunter2", "blog", "curl", "hunter2")
    assert "hunter2" not in open(host.audit.path).read()


def end(engine: FakeEngine, name: str) -> None:
    engine.made[name] = replace(engine.require(name), state="exited", exit_code=0)


def test_cleanup_removes_the_ended_containers_of_an_app_and_a_dry_run_names_them(run: Run, engine: FakeEngine) -> None:
    own, foreign, running = (run("run:detached", app, "true")[1].strip() for app in ("blog", "wiki", "blog"))
    for ended in (own, foreign):
        end(engine, ended)
    assert f"Would remove the container {own}: its one-off process ended" in run("cleanup", "--dry-run", "blog")[1]
    assert run("cleanup", "blog") == (0, f"-----> Removed {own}\n", "")
    assert {one.name for one in engine.containers.find_all({"dokkupy.kind": "run"})} == {foreign, running}


def test_each_tick_of_the_timer_removes_ended_containers(run: Run, engine: FakeEngine) -> None:
    for _ in range(2):
        end(engine, run("run:detached", "blog", "true")[1].strip())
        assert run("tick")[0] == 0
        assert engine.containers.find_all({"dokkupy.kind": "run"}) == []


def test_list_shows_the_age_as_dokku_does(run: Run, engine: FakeEngine) -> None:
    name = run("run:detached", "blog", "sleep", "9")[1].strip()
    engine.made[name] = replace(engine.require(name), created_at="1659505664")
    rows = json.loads(run("run:list", "--format", "json", "blog")[1])
    assert rows == [
        {"name": name, "state": "running", "command": "sleep 9", "created_at": "2022-08-03 05:47:44 +0000 UTC"}
    ]
    assert [ago(100, at) for at in ("99", "40", "-5000")] == ["1 second ago", "1 minute ago", "-5000"]
    assert [ago(10**6, at) for at in ("999998", "996000", "1")] == ["2 seconds ago", "1 hour ago", "11 days ago"]


@pytest.mark.parametrize("words", [("run:logs", "--container"), ("run:stop", "--container")])
def test_a_container_of_another_app_is_denied(run: Run, host: Host, engine: FakeEngine, words: tuple[str, ...]) -> None:
    keys = {"dev": {"role": "deployer", "apps": ["blog"]}}
    host.store.write("global", "ssh-keys", data={"keys": keys})
    own, foreign = (run("run:detached", app, "sleep", "9")[1].strip() for app in ("blog", "wiki"))
    assert "Access denied" in run(*words, foreign, who="key:dev")[2]
    assert engine.containers.find(foreign) is not None
    assert run(*words, own, who="key:dev")[0] == 0


def test_logs_have_time_and_container_unless_quiet(run: Run, engine: FakeEngine) -> None:
    engine.output["sleep 9"] = [b"2026-01-01T00:00:00.000000000Z one", b"2026-01-01T00:00:01.000000000Z two"]
    name = run("run:detached", "blog", "sleep", "9")[1].strip()
    assert run("run:logs", "-n", "1", "blog")[1].startswith("2026-01-01T00:00:01.000000000Z app[run")
    assert run("run:logs", "-q", "--container", name)[1] == "one\ntwo\n"
    assert run("run:logs", "-t", "-q", "blog")[1] == "one\ntwo\n"


@pytest.mark.parametrize(
    ("no", "force", "default", "env", "wants"),
    [
        (False, False, True, "", True),
        (True, False, True, "", False),
        (False, True, False, "", True),
        (False, False, True, "DOKKU_DISABLE_TTY", False),
        (False, False, False, "DOKKU_FORCE_TTY", True),
        (False, True, False, "DOKKU_DISABLE_TTY", True),
        (True, False, True, "DOKKU_FORCE_TTY", False),
    ],
)
def test_flags_then_dokkus_variables_then_the_callers_own_terminal_decide_about_a_terminal(
    monkeypatch: pytest.MonkeyPatch, no: bool, force: bool, default: bool, env: str, wants: bool
) -> None:
    for name in ("DOKKU_DISABLE_TTY", "DOKKU_FORCE_TTY"):
        monkeypatch.delenv(name, raising=False)
    if env:
        monkeypatch.setenv(env, "1")
    assert wants_tty(no, force, default) is wants


def test_both_flags_for_a_terminal_are_an_error() -> None:
    with pytest.raises(UserError):
        wants_tty(True, True, False)


def test_keys_run_no_more_at_the_same_time_than_the_app_may(run: Run, host: Host, engine: FakeEngine) -> None:
    host.store.write("global", "ssh-keys", data={"keys": {"ann": {"role": "deployer", "apps": ["blog"]}}})
    host.store.write("global", "apps", data={"properties": {"max-runs": "2"}})
    one, _ = (run("run:detached", "blog", "sleep", "9", who="key:ann")[1].strip() for _ in range(2))
    status, _, error = run("run:detached", "blog", "sleep", "9", who="key:ann")
    assert status == 1 and "blog has 2 one-off processes, and keys may run no more at the same time" in error
    assert "apps:set blog max-runs NUMBER" in error
    assert run("run:detached", "blog", "sleep", "9")[0] == 0, "a local user is not limited"
    for name in [row.name for row in engine.containers.find_all({"dokkupy.kind": "run"})][1:]:
        end(engine, name)
    assert run("run:detached", "blog", "sleep", "9", who="key:ann")[0] == 0 and engine.made[one].state == "running"
