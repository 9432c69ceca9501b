"""The commands `cron:*`."""

from __future__ import annotations

import json
import re

import pytest
from dokkupy_cron.tasks.task import id_of
from dokkupy_sdk.testing.command_line import Run

from plugins_builtin.cron.tests.conftest import World, task

ID = id_of("rake daily", "@daily")


def test_list_has_dokkus_columns_and_keys(world: World, run: Run) -> None:
    world.deploy(task("@daily", concurrency_policy="forbid"))
    status, out, _ = run("cron:list", "blog")
    assert status == 0
    assert out.splitlines() == [
        "ID                Schedule  Concurrency  Maintenance  Command",
        f"{ID}  @daily    forbid       false        rake daily",
    ]
    (row,) = json.loads(run("cron:list", "blog", "--format", "json")[1])
    assert row == {
        "id": ID,
        "app": "blog",
        "command": "rake daily",
        "global": False,
        "schedule": "@daily",
        "concurrency_policy": "forbid",
        "maintenance": False,
        "app-in-maintenance": False,
        "task-in-maintenance": False,
    }


def test_the_list_of_an_app_without_tasks_is_empty_and_for_a_missing_app_exits_20(world: World, run: Run) -> None:
    world.deploy()
    assert run("cron:list", "blog", "--format", "json")[:2] == (0, "[]\n")
    assert run("cron:list", "nobody")[0] == 20
    assert run("cron:list")[0] == 1


def test_suspend_and_resume_show_in_the_list_and_the_report(world: World, run: Run) -> None:
    world.deploy(task("@daily", maintenance=True))
    assert json.loads(run("cron:list", "blog", "--format", "json")[1])[0]["task-in-maintenance"]
    assert run("cron:resume", "blog", ID)[:2] == (0, f"-----> Resumed the task {ID} of blog\n")
    assert not json.loads(run("cron:list", "blog", "--format", "json")[1])[0]["maintenance"]
    run("cron:suspend", "blog", ID)
    assert run("cron:report", "blog", f"--cron-maintenance-{ID}")[1] == "true\n"
    assert run("cron:report", "blog", "--cron-task-count")[1] == "1\n"


@pytest.mark.parametrize("verb", ["run", "suspend", "resume"])
def test_an_unknown_id_is_an_error_with_dokkus_wording(world: World, run: Run, verb: str) -> None:
    world.deploy(task("@daily"))
    status, out, err = run(f"cron:{verb}", "blog", "nothing")
    assert (status, out) == (1, "")
    assert "No matching Cron ID found. Please specify a Cron ID from the output of 'dokku cron:list'" in err


def test_run_prints_the_output_and_exits_with_the_status(world: World, run: Run) -> None:
    world.deploy(task("@daily"))
    world.engine.output["rake daily"] = [b"hello"]
    world.clock.meanwhile = lambda: world.end_all(4)
    status, out, _ = run("cron:run", "blog", ID)
    assert (status, out) == (4, "hello\n")
    (row,) = world.history(ID)
    assert (row.why, row.firing, row.exit_code, row.lines) == ("by hand", "", 4, ("hello",))
    assert world.runs() == []


def test_run_detached_prints_the_run_and_the_timer_records_its_end(world: World, run: Run) -> None:
    world.deploy(task("@daily"))
    status, out, _ = run("cron:run", "blog", ID, "--detach", "--ttl-seconds", "90")
    assert status == 0 and out.strip() == world.started[0]
    (one,) = world.engine.containers.find_all({"dokkupy.kind": "cron"})
    assert one.labels["com.dokku.active-deadline-seconds"] == "90"
    world.end_all()
    world.tick()
    assert world.outcomes() == ["succeeded"] and world.runs() == []


def test_run_is_refused_while_a_task_that_forbids_it_runs(world: World, run: Run) -> None:
    world.deploy(task("@daily", concurrency_policy="forbid"))
    run("cron:run", "blog", ID, "--detach")
    status, _, err = run("cron:run", "blog", ID)
    assert status == 1 and "is still running" in err and len(world.runs()) == 1


def test_a_dry_run_starts_nothing_and_changes_nothing(world: World, run: Run) -> None:
    world.deploy(task("@daily"))
    assert "run the task" in run("cron:run", "blog", ID, "--dry-run")[1]
    run("cron:suspend", "blog", ID, "--dry-run")
    run("cron:set", "blog", "maintenance", "true", "--dry-run")
    assert world.started == []
    assert not json.loads(run("cron:list", "blog", "--format", "json")[1])[0]["maintenance"]


def test_an_app_with_too_many_tasks_gets_no_further_one(world: World, run: Run) -> None:
    """The host starts due tasks one after the other, so one app's thousands would keep those of all others waiting."""
    world.deploy(*(task("@daily", f"work {number}") for number in range(99)))
    assert run("cron:set", "blog", "task.last", "@daily work")[0] == 0
    status, _, error = run("cron:set", "blog", "task.more", "@daily work")
    assert status == 1 and "blog has 100 cron tasks, and no app may have more" in error
    assert run("cron:set", "blog", "task.last", "@hourly work")[0] == 0


def test_history_lists_runs_and_has_the_lines_of_one_task(world: World, run: Run) -> None:
    world.deploy(task("@daily"))
    world.engine.output["rake daily"] = [b"\x1b[31mred"]
    world.clock.meanwhile = lambda: world.end_all(1)
    run("cron:run", "blog", ID)
    assert "red" not in run("cron:history", "blog")[1]
    lines = run("cron:history", "blog", ID)[1].splitlines()
    assert lines[0].split() == ["ID", "STARTED", "TOOK", "EXIT", "OUTCOME", "REASON"]
    assert re.split("  +", lines[1])[0::4] == [ID, "failed"] and "red" in lines[2] and "\x1b" not in lines[2]
    (row,) = json.loads(run("cron:history", "blog", "--format", "json")[1])
    assert (row["task"], row["outcome"], row["exit_code"]) == (ID, "failed", 1)


def test_the_history_keeps_the_set_number_of_runs(world: World, run: Run) -> None:
    world.deploy(task("@daily"))
    run("cron:set", "blog", "history", "2")
    world.clock.meanwhile = world.end_all
    for _ in range(3):
        run("cron:run", "blog", ID)
    assert len(world.history()) == 2


@pytest.mark.parametrize(
    ("name", "value"), [("timezone", "Mars/Base"), ("time-limit", "0"), ("missed", "maybe"), ("maintenance", "perhaps")]
)
def test_an_invalid_value_is_refused(world: World, run: Run, name: str, value: str) -> None:
    world.deploy(task("@daily"))
    assert run("cron:set", "blog", name, value)[0] == 1


def test_the_time_zone_of_an_app_applies_at_once(world: World, run: Run) -> None:
    world.deploy(task("0 3 * * *"))
    assert run("cron:set", "blog", "timezone", "Asia/Tokyo")[0] == 0
    world.clock.pass_(18 * 3600)
    world.tick()
    assert len(world.started) == 1


def test_setting_a_mail_address_prints_that_it_has_no_effect(world: World, run: Run) -> None:
    status, _, err = run("cron:set", "--global", "mailto", "me@example.com")
    assert status == 0 and "has no effect" in err
