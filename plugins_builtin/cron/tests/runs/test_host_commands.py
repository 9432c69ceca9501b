"""Tasks that `cron:set` creates: the host's own commands, which only admins may set, and commands in an app."""

from __future__ import annotations

import json

import pytest
from dokkupy_cron.cli import group
from dokkupy_cron.runs import host_command
from dokkupy_cron.runs.history import history_of
from dokkupy_cron.stored import CronFile
from dokkupy_sdk.execute import Completed
from dokkupy_sdk.redact import redacted
from dokkupy_sdk.testing.command_line import Run

from plugins_builtin.cron.tests.conftest import World


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []

    def execute(argv: list[str], **_: object) -> Completed:
        found.append(tuple(argv[4:]))
        return Completed(tuple(argv), 1, "one\n", "two\n")

    monkeypatch.setattr(host_command, "execute", execute)
    return found


def begin(world: World) -> None:
    """Runs what the spawned processes would do."""
    for words in world.host.spawned:  # type: ignore[attr-defined]
        host_command.run_claimed(world.host, words[-1], world.clock)
    world.host.spawned.clear()  # type: ignore[attr-defined]


def daily(run: Run) -> None:
    assert run("cron:set", "--global", "task.tidy", "0 3 * * * ps:restart --all")[0] == 0


def outcomes(world: World) -> list[str]:
    return [row.outcome for _, row in history_of(world.host, None)]


def test_a_command_of_the_host_runs_when_it_is_due_and_its_result_is_recorded(
    world: World, run: Run, executed: list[tuple[str, ...]]
) -> None:
    daily(run)
    (row,) = json.loads(run("cron:list", "--global", "--format", "json")[1])
    assert (row["id"], row["global"], row["schedule"], row["command"]) == (
        "tidy",
        True,
        "0 3 * * *",
        "ps:restart --all",
    )
    world.clock.pass_(3 * 3600)
    assert world.tick() == ["started tidy of host"]
    begin(world)
    assert executed == [("--quiet", "ps:restart", "--all")]
    (found,) = json.loads(run("cron:history", "--global", "--format", "json")[1])
    assert (found["outcome"], found["exit_code"], found["lines"]) == ("failed", 1, ["one", "two"])
    assert world.heard == [(None, "tidy", "failed", 1)]
    world.minute(3)
    begin(world)
    assert len(executed) == 1


def test_a_run_that_is_started_twice_runs_once(world: World, run: Run, executed: list[tuple[str, ...]]) -> None:
    daily(run)
    world.clock.pass_(3 * 3600)
    world.tick()
    world.tick()
    begin(world)
    assert len(executed) == 1 and outcomes(world) == ["failed"]


def test_a_command_whose_process_was_killed_is_lost_and_does_not_run_again(
    world: World, run: Run, executed: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    daily(run)
    world.clock.pass_(3 * 3600)
    world.tick()

    class Killed(BaseException):
        pass

    def die(name: str) -> None:
        raise Killed(name)

    monkeypatch.setattr(host_command, "failpoint", die)
    with pytest.raises(Killed):
        begin(world)
    world.host.spawned.clear()  # type: ignore[attr-defined]
    world.tick()
    assert outcomes(world) == ["lost"] and executed == []
    assert world.host.store.load(CronFile, None).runs == () and world.host.spawned == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("0 3 * * *", "config:set", "blog", "A=b"), "may have secrets"),
        (("0 3 * * *", "plugin:install", "x"), "root"),
        (("0 3 * * *", "no-such-command"), "is not a dokku command"),
        (("0 3 * *", "ps:restart"), "not a schedule with a command"),
        (("61 3 * * *", "ps:restart"), "schedule that is not a cron expression"),
        (("@daily", "ps:restart", "&&", "ps:restart"), "shell operator &&"),
    ],
)
def test_commands_that_the_host_does_not_schedule_are_refused(
    world: World, run: Run, words: tuple[str, ...], said: str
) -> None:
    status, out, err = run("cron:set", "--global", "task.x", *words)
    assert status == 1 and said in out + err
    assert json.loads(run("cron:list", "--global", "--format", "json")[1]) == []


def test_a_deployer_may_not_use_the_tasks_of_the_host(world: World, run: Run) -> None:
    world.deploy()
    daily(run)
    keys = {"dev": {"role": "deployer", "apps": ["blog"]}}
    world.host.store.write("global", "ssh-keys", data={"keys": keys})
    for words in (
        ("cron:list", "--global"),
        ("cron:history", "--global"),
        ("cron:set", "--global", "task.tidy"),
        ("cron:set", "--global", "task.mine", "@daily", "ps:restart"),
        ("cron:run-due",),
        ("cron:list", "other"),
    ):
        status, out, _ = run(*words, who="key:dev")
        assert status != 0 and out == "", words
    assert run("cron:set", "blog", "task.mine", "@daily", "rake x", who="key:dev")[0] == 0
    assert run("cron:list", "blog", who="key:dev")[0] == 0


def test_a_task_set_for_an_app_runs_in_its_container_and_survives_a_deploy(world: World, run: Run) -> None:
    world.deploy()
    assert run("cron:set", "blog", "task.hourly", "0 * * * * rake hourly")[0] == 0
    world.deploy()
    world.clock.pass_(3600)
    world.tick()
    (one,) = world.engine.containers.find_all({"dokkupy.kind": "cron"})
    assert one.command == ("rake", "hourly") and one.labels["com.dokku.cron-id"] == "hourly"
    world.end_all()
    world.tick()
    assert run("cron:set", "blog", "task.hourly")[:2] == (0, "=====> Unsetting task.hourly\n")
    assert run("cron:set", "blog", "task.hourly")[0] == 1
    world.clock.pass_(3600)
    assert world.tick() == []


def test_the_task_of_an_app_without_a_deploy_waits_for_the_deploy(world: World, run: Run) -> None:
    run("apps:create", "blog")
    assert run("cron:set", "blog", "task.hourly", "0 * * * *", "rake hourly")[0] == 0
    world.clock.pass_(3600)
    world.tick()
    assert world.runs() == []
    world.deploy()
    world.clock.pass_(3600)
    world.tick()
    assert len(world.runs()) == 1


def test_the_command_of_a_task_is_not_in_the_audit(world: World) -> None:
    words = ["blog", "task.x", "@daily curl --token s3cret-token"]
    assert redacted(world.host.root, group.commands["set"], words) == "cron:set blog task.x ***"
