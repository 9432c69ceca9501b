"""Tasks on a host of fakes: started once, and watched until they end, whatever happens in between."""

from __future__ import annotations

import random

import pytest
from dokkupy_apps.desired.config import set_env
from dokkupy_cron.runs import due
from dokkupy_cron.runs import history as history_module
from dokkupy_cron.runs import run as run_module
from dokkupy_cron.stored import CronFile, IndexFile
from dokkupy_cron.tasks.task import id_of
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.events import latest
from dokkupy_sdk.names import AppName, EnvKey, Secret
from dokkupy_sdk.operation import operation
from dokkupy_sdk.testing.command_line import Run

from plugins_builtin.cron.tests.conftest import APP, MIDNIGHT, World, task

DAILY = id_of("rake daily", "* * * * *")


def test_a_due_task_starts_one_container_of_the_release_with_its_labels(world: World) -> None:
    world.deploy(task())
    assert world.tick() == [] and world.runs() == []
    assert world.minute() == [f"started {DAILY} of app:blog"]
    (one,) = world.engine.containers.find_all({"dokkupy.kind": "cron"})
    assert (one.state, one.command) == ("running", ("rake", "daily"))
    assert one.labels["com.dokku.cron-id"] == DAILY
    assert one.labels["com.dokku.container-type"] == "cron"
    assert one.labels["com.dokku.active-deadline-seconds"] == "86400"
    assert world.tick() == [] and len(world.runs()) == 1


def test_an_ended_run_is_recorded_with_status_lines_and_duration_and_leaves_no_container(world: World) -> None:
    world.deploy(task())
    with operation(world.host, "test", "app:blog") as tx:
        set_env(tx, APP, {EnvKey("TOKEN"): Secret("s3cret-token")})
    world.engine.output["rake daily"] = [b"one", b"token s3cret-token", b"three"]
    world.minute()
    world.end_all(3)
    world.clock.pass_(30)
    world.tick()
    assert world.runs() == []
    (row,) = world.history(DAILY)
    assert (row.outcome, row.exit_code, row.seconds) == ("failed", 3, 30.0)
    assert row.lines == ("one", "token ***", "three")
    assert world.heard == [(APP, DAILY, "failed", 3)]
    event = latest(world.host, 1)[0]
    assert (event["event"], event["app"], event["exit_code"]) == ("cron_failed", "blog", "3")
    assert "s3cret-token" not in str(event)


def test_a_successful_run_is_announced_but_is_not_an_event(world: World) -> None:
    world.deploy(task())
    world.minute()
    world.end_all()
    world.tick()
    assert world.outcomes() == ["succeeded"] and [one[2] for one in world.heard] == ["succeeded"]
    assert not str(latest(world.host, 1)[0]["event"]).startswith("cron")


def test_a_process_type_stands_for_its_command(world: World) -> None:
    world.deploy(task(command="work --all"))
    world.minute()
    assert world.engine.containers.find_all({"dokkupy.kind": "cron"})[0].command == ("rake work --all",)


@pytest.mark.parametrize(
    ("policy", "outcomes", "running"),
    [("allow", [], 2), ("forbid", ["skipped"], 1), ("replace", ["replaced"], 1)],
)
def test_a_concurrency_policy_decides_while_a_run_is_running(
    world: World, policy: str, outcomes: list[str], running: int
) -> None:
    world.deploy(task(concurrency_policy=policy), task(command="other", concurrency_policy="allow"))
    world.minute()
    first = world.runs()
    world.minute()
    world.tick()
    mine = [one for one in world.engine.containers.find_all({"com.dokku.cron-id": DAILY}) if one.state == "running"]
    assert len(mine) == running and world.outcomes() == outcomes
    assert (first[0] in world.runs()) == (policy != "replace")


def test_a_run_is_ended_at_its_time_limit_by_the_monotonic_clock(world: World, run: Run) -> None:
    world.deploy(task("0 * * * *"))
    assert run("cron:set", "blog", "time-limit", "600")[0] == 0
    world.clock.pass_(3600)
    world.tick()
    world.clock.set_to(world.clock.now() + 30 * 86400 + 1800)
    world.tick()
    assert len(world.runs()) == 1
    world.clock.pass_(600)
    world.tick()
    assert world.runs() == [] and world.outcomes()[-1] == "timed-out"
    assert world.history()[-1].reason == "it reached its time limit of 600 s"


def test_a_command_that_does_not_start_is_a_failure_and_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.deploy(task())

    def refuse(ref: str) -> None:
        raise HostError("exec: rake: not found")

    monkeypatch.setattr(world.engine.containers, "start", refuse)
    world.minute()
    assert world.runs() == [] and world.outcomes() == ["failed"]
    assert world.history()[0].reason == "exec: rake: not found"


def test_a_task_is_skipped_while_the_image_of_its_release_is_missing(world: World) -> None:
    """As between a restore of the host and the rebuild of its apps."""
    world.deploy(task())
    kept = dict(world.engine.tags)
    world.engine.tags.clear()
    world.minute()
    (row,) = world.history()
    assert (row.outcome, row.exit_code, world.runs()) == ("skipped", None, [])
    assert row.reason == "the image of v1 is missing from the engine: ps:rebuild blog builds it again"
    world.engine.tags.update(kept)
    assert world.minute() == [f"started {DAILY} of app:blog"]


def test_a_run_whose_container_was_removed_is_lost_and_does_not_run_again(world: World) -> None:
    world.deploy(task("0 * * * *"))
    world.clock.pass_(3600)
    world.tick()
    world.engine.containers.remove(world.runs()[0])
    world.minute(2)
    assert world.outcomes() == ["lost"] and len(world.started) == 1


def test_a_failing_app_does_not_delay_the_tasks_of_others(world: World) -> None:
    world.deploy(task())
    world.deploy(task(), app="zoo")
    path = world.host.store.path("apps", "blog", "cron-state")
    with open(path, "w") as file:
        file.write("tasks = 3")
    world.minute()
    assert [one.labels["dokkupy.app"] for one in world.engine.containers.find_all({"dokkupy.kind": "cron"})] == ["zoo"]


# firings without a run


@pytest.mark.parametrize(("setting", "outcomes"), [("skip", ["missed"]), ("run", ["missed", "succeeded"])])
def test_firings_missed_in_an_outage_are_skipped_or_replaced_by_one_run_and_reported(
    world: World, run: Run, setting: str, outcomes: list[str]
) -> None:
    world.deploy(task("0 3 * * *"))
    run("cron:set", "blog", "missed", setting)
    world.clock.pass_(3 * 86400 + 12 * 3600)
    world.tick()
    world.end_all()
    world.tick()
    assert world.outcomes() == outcomes
    first = world.history()[0]
    assert "firings from 2026-11-02T03:00:00Z" in first.reason
    assert first.reason.endswith("one run replaces them" if setting == "run" else "skipped")
    assert world.heard[0][2] == "missed"
    world.minute(3)
    assert world.outcomes() == outcomes


def test_a_suspended_task_skips_its_firings_and_does_not_run_them_after_it_is_resumed(world: World, run: Run) -> None:
    world.deploy(task())
    assert run("cron:suspend", "blog", DAILY)[0] == 0
    assert world.host.store.load(IndexFile).next == {}
    assert world.minute(30) == []
    run("cron:resume", "blog", DAILY)
    world.minute()
    assert len(world.started) == 1 and world.outcomes() == []


def test_maintenance_of_the_app_or_of_the_host_stops_all_its_tasks(world: World, run: Run) -> None:
    world.deploy(task(), task(command="other"))
    for scope in ("blog", "--global"):
        run("cron:set", scope, "maintenance", "true")
        world.minute(3)
        assert world.started == []
        run("cron:set", scope, "maintenance")
    world.minute()
    assert len(world.started) == 2


# deploys, names, copies


def test_a_deploy_keeps_unchanged_tasks_and_does_not_touch_runs(world: World) -> None:
    world.deploy(task(), task(command="old"))
    world.minute()
    before = world.runs()
    world.deploy(task(), task(command="new"))
    assert world.runs() == before
    world.minute()
    commands = [" ".join(one.command) for one in world.engine.containers.find_all({"dokkupy.kind": "cron"})]
    assert sorted(commands) == ["new", "old", "rake daily", "rake daily"]


def test_a_destroyed_app_is_no_longer_due(world: World, run: Run) -> None:
    world.deploy(task())
    world.minute()
    assert run("apps:destroy", "blog", "--force")[0] == 0
    assert world.host.store.load(IndexFile).next == {}
    assert world.minute(2) == []


def test_a_renamed_app_keeps_its_history_and_runs_no_firing_twice(world: World, run: Run) -> None:
    world.deploy(task())
    world.minute()
    world.end_all()
    world.tick()
    assert run("apps:rename", "blog", "press")[0] == 0
    assert set(world.host.store.load(IndexFile).next) == {"app:press"}
    world.tick()
    assert len(world.started) == 1
    world.minute()
    assert len(world.started) == 2
    assert len(history_module.history_of(world.host, AppName("press"))) == 1


def test_a_clone_waits_in_maintenance_without_a_history(world: World, run: Run) -> None:
    world.deploy(task())
    world.minute()
    world.end_all()
    world.tick()
    found = run("apps:clone", "blog", "copy")
    assert found[0] == 0 and "cron:set copy maintenance false" in found[2]
    assert history_module.history_of(world.host, AppName("copy")) == []
    world.minute()
    assert {one.labels["dokkupy.app"] for one in world.engine.containers.find_all({"dokkupy.kind": "cron"})} == {"blog"}


# the timer


def test_a_tick_without_due_tasks_reads_only_the_index_and_starts_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        world.deploy(task("0 3 * * *"), app=f"app{number}")
    world.tick()
    read: list[tuple[str, ...]] = []
    original = world.host.store.read
    monkeypatch.setattr(world.host.store, "read", lambda *parts: (read.append(parts), original(*parts))[1])
    due.tick(world.host)
    assert world.host.spawned == [] and set(read) == {("global", "cron-index")}  # type: ignore[attr-defined]
    world.clock.set_to(MIDNIGHT + 3 * 3600)
    due.tick(world.host)
    assert world.host.spawned == [("--quiet", "cron:run-due")]  # type: ignore[attr-defined]


@pytest.mark.parametrize("damage", ["lost", "broken", "other zone"])
def test_a_lost_or_wrong_index_is_rebuilt(world: World, damage: str) -> None:
    world.deploy(task())
    path = world.host.store.path("global", "cron-index")
    if damage == "lost":
        world.host.store.remove(IndexFile)
    elif damage == "broken":
        with open(path, "w") as file:
            file.write("next = 3")
    else:
        world.host.store.save(world.host.store.load(IndexFile).replace(zone="/elsewhere", next={}))
    world.minute()
    assert len(world.started) == 1
    assert set(world.host.store.load(IndexFile).next) == {"app:blog"}


# crashes


class Killed(BaseException):
    """As `kill -9`: nothing handles it."""


BOUNDARIES = 7


@pytest.mark.parametrize("boundary", range(BOUNDARIES + 1))
def test_a_process_killed_at_any_boundary_has_started_the_task_once_after_the_next_tick(
    world: World, boundary: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.deploy(task("0 * * * *", concurrency_policy="forbid"))
    passed: list[str] = []

    def die(name: str) -> None:
        passed.append(name)
        if len(passed) == boundary + 1:
            raise Killed(name)

    for module in (due, run_module):
        monkeypatch.setattr(module, "failpoint", die)
    world.clock.pass_(3600)
    for _ in range(4):
        try:
            world.tick()
        except Killed:
            pass
        if world.started:
            world.end_all()
    assert len(world.started) == 1 and world.outcomes() == ["succeeded"]
    assert world.runs() == [] and world.host.store.load(CronFile, APP).runs == ()
    assert len(passed) >= BOUNDARIES - 1


@pytest.mark.parametrize("seed", range(6))
def test_random_crashes_and_clock_changes_start_no_firing_twice_and_lose_none_that_was_claimed(
    world: World, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)

    def may_die(name: str) -> None:
        if chance.random() < 0.1:
            raise Killed(name)

    world.deploy(task(), task("*/3 * * * *", command="third"), task("30 * * * *", command="half"))
    for module in (due, run_module):
        monkeypatch.setattr(module, "failpoint", may_die)
    for _ in range(50):
        world.clock.pass_(chance.choice((60, 60, 60, 60, 0, 240)))
        if chance.random() < 0.03:
            world.clock.set_to(world.clock.now() + chance.randrange(-7200, 7200))
        for _ in range(chance.choice((1, 1, 2))):  # two ticks at once
            try:
                world.tick()
            except Killed:
                pass
        if chance.random() < 0.7:
            world.end_all(chance.choice((0, 0, 1)))
    monkeypatch.setattr(due, "failpoint", lambda name: None)
    monkeypatch.setattr(run_module, "failpoint", lambda name: None)
    world.end_all()
    world.tick()
    world.end_all()
    world.tick()
    firings = [(one.split("-")[0], one) for one in world.started]
    assert len(world.started) == len(set(world.started)), "a run was started twice"
    by_task = {(world.task_of(run), firing) for firing, run in firings}
    assert len(by_task) == len(firings), "a firing was served twice"
    kept = {row.run for _, row in history_module.history_of(world.host, APP)}
    assert set(world.started[-8:]) <= kept, "a run has no result"
    assert len(world.started) > 15
