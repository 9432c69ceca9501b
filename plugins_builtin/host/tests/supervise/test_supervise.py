"""Which ended processes the timer detects, reports and starts again, with the tests' own clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import pytest
from dokkupy import hookspecs
from dokkupy.errors import HostError
from dokkupy.host import Host
from dokkupy.kernel import locks
from dokkupy.model.crash import Crash, Ending
from dokkupy.model.names import AppName, ProcessType
from dokkupy.model.release import Instance
from dokkupy_apps.desired.properties import PS
from dokkupy_apps.processes.scale import scale
from dokkupy_apps.processes.start_stop import stop_app
from dokkupy_apps.processes.states import states
from dokkupy_apps.releases.records import current
from dokkupy_apps.testing import deploy
from dokkupy_host.supervise.apps import supervise, write_watched
from dokkupy_host.supervise.health import findings
from dokkupy_host.supervise.watched import STABLE, Watched, describe, described, is_due, judged, read_watched, tried
from dokkupy_sdk.events import latest
from dokkupy_sdk.operation import operation
from dokkupy_sdk.state import ServingFile
from dokkupy_sdk.testing import FakeProxy
from dokkupy_sdk.testing.fake_engine import FakeEngine

APP = AppName("blog")
TREE = {"Procfile": "web: serve\nworker: work\n"}
MINUTE = 60


class Clock:
    """Looks of the timer, a minute apart."""

    def __init__(self, host: Host, engine: FakeEngine) -> None:
        self.host, self.engine = host, engine
        self.now = time.time()
        engine.clock = lambda: self.now

    def tick(self, seconds: int = MINUTE) -> list[str]:
        self.now += seconds
        self.engine.age(seconds)
        return supervise(self.host, self.now)


@pytest.fixture
def engine(host: Host) -> FakeEngine:
    deploy(host, "blog", TREE)
    scale(host, APP, {ProcessType("worker"): 1})
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    return engine


@pytest.fixture
def clock(host: Host, engine: FakeEngine) -> Clock:
    clock = Clock(host, engine)
    assert clock.tick() == []
    assert clock.tick() == []
    return clock


@pytest.fixture(autouse=True)
def crashes(host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Crash]]:
    """What observers hear."""
    seen: list[Crash] = []
    notify = host.hooks.notify

    def noting(spec: object, **facts: object) -> None:
        if spec is hookspecs.on_process_crashed:
            assert isinstance(facts["crash"], Crash)
            seen.append(facts["crash"])
        else:
            notify(spec, **facts)  # type: ignore[arg-type]

    monkeypatch.setattr(host.hooks, "notify", noting)
    yield seen


def web(host: Host) -> Instance:
    return current(host, APP)[1][0]


def set_policy(host: Host, policy: str) -> None:
    with operation(host, "test", f"app:{APP}") as tx:
        PS.set(tx, APP, "restart-policy", policy)
    deploy(host, "blog", TREE)


def state(host: Host) -> str:
    found = host.containers().find(web(host).id)
    return "missing" if found is None else found.state


def report(host: Host) -> str:
    serving = host.store.load(ServingFile, APP)
    return described(host, APP, states(host, APP, serving.instances))[web(host).id]


def test_a_crash_after_which_the_engine_restarted_the_process_is_reported_once_with_its_details(
    host: Host, engine: FakeEngine, clock: Clock, crashes: list[Crash]
) -> None:
    engine.output["serve"] = [b"Traceback", b"KeyError: 'DATABASE_URL'"]
    engine.end(web(host).id, 1, at=clock.now + 20, restarted=True)
    for _ in range(3):
        assert clock.tick() == []
    (crash,) = crashes
    assert (crash.subject, crash.app, crash.process) == ("app:blog", "blog", "web.1")
    assert (crash.exit_code, crash.signal, crash.oom, crash.restarts) == (1, "", False, 1)
    assert crash.lines == ("Traceback", "KeyError: 'DATABASE_URL'")
    (event,) = [row for row in latest(host, 100) if row["event"] == "process_crashed"]
    assert (event["app"], event["process"], event["exit_code"], event["restarts"]) == ("blog", "web.1", "1", "1")
    assert "DATABASE_URL" in event["lines"]
    assert report(host).startswith("running (exit 1, 1 restart, last ")
    (finding,) = findings(host)
    assert (finding.level, "web.1 crashed and was restarted" in finding.message) == ("warning", True)
    assert "logs blog" in finding.remedy and "ps:restart blog" in finding.remedy


def test_ten_crashes_within_a_minute_become_one_event_with_their_number(
    host: Host, engine: FakeEngine, clock: Clock, crashes: list[Crash]
) -> None:
    for second in range(10):
        engine.end(web(host).id, 3, at=clock.now + second, restarted=True)
    engine.end(web(host).id, 3, at=clock.now + 12)
    assert clock.tick() == ["blog: started web.1"]
    assert [(one.exit_code, one.restarts) for one in crashes] == [(3, 10)]
    assert state(host) == "running"


def test_crash_after_the_clock_was_set_back_a_year_is_reported(
    host: Host, engine: FakeEngine, clock: Clock, crashes: list[Crash]
) -> None:
    clock.tick(365 * 86400)
    clock.now -= 365 * 86400
    engine.end(web(host).id, 3, at=clock.now + 5)
    assert clock.tick() == ["blog: started web.1"]
    assert [one.exit_code for one in crashes] == [3]


def test_every_new_crash_is_an_event(host: Host, engine: FakeEngine, clock: Clock, crashes: list[Crash]) -> None:
    for number in range(3):
        engine.end(web(host).id, 10 + number, at=clock.now + 5, restarted=True)
        clock.tick()
    assert [(one.exit_code, one.restarts) for one in crashes] == [(10, 1), (11, 2), (12, 3)]


def test_out_of_memory_is_reported(host: Host, engine: FakeEngine, clock: Clock, crashes: list[Crash]) -> None:
    engine.end(web(host).id, 137, at=clock.now + 5, oom=True, restarted=True)
    clock.tick()
    assert (crashes[0].oom, crashes[0].signal) == (True, "SIGKILL")
    assert "out of memory" in report(host)


def test_processes_that_the_engine_gave_up_on_are_started_with_growing_pauses_without_end(
    host: Host, engine: FakeEngine, clock: Clock, crashes: list[Crash]
) -> None:
    minutes = []
    for minute in range(40):
        if state(host) == "running":
            engine.end(web(host).id, 1, at=clock.now + 5)
        if clock.tick():
            minutes.append(minute)
    assert minutes == [0, 1, 3, 7, 15, 25, 35]
    assert [one.restarts for one in crashes] == [0, 1, 2, 3, 4, 5, 6, 7]


def test_after_ten_minutes_without_a_crash_a_process_counts_as_healthy_again(
    host: Host, engine: FakeEngine, clock: Clock, crashes: list[Crash]
) -> None:
    for _ in range(3):
        engine.end(web(host).id, 1, at=clock.now + 1)
        clock.tick(600)
    assert "3 restarts" in report(host)
    clock.tick(STABLE)
    assert report(host) == "running"
    assert [one.level for one in findings(host)] == ["ok"]
    engine.end(web(host).id, 1, at=clock.now + 1)
    assert clock.tick() == ["blog: started web.1"]
    assert crashes[-1].restarts == 0


def test_a_container_removed_by_hand_is_created_again_and_is_not_a_crash(
    host: Host, engine: FakeEngine, clock: Clock, crashes: list[Crash]
) -> None:
    old = web(host)
    engine.containers.remove(old.id)
    assert report(host) == "missing"
    assert clock.tick() == ["blog: started web.1"]
    assert web(host).id != old.id and state(host) == "running"
    assert crashes == []
    assert [row["process"] for row in latest(host, 100) if row["event"] == "process_started"] == ["web.1"]
    assert clock.tick() == []


def test_a_container_stopped_by_hand_is_started_again_and_is_not_a_crash(
    host: Host, engine: FakeEngine, clock: Clock, crashes: list[Crash]
) -> None:
    engine.containers.stop(web(host).id, timeout=1)
    assert clock.tick() == ["blog: started web.1"]
    assert (state(host), crashes) == ("running", [])


def test_a_boot_is_not_a_crash_whatever_the_exit_codes_were(
    host: Host, engine: FakeEngine, clock: Clock, crashes: list[Crash]
) -> None:
    engine.end(web(host).id, 1, at=clock.now, restarted=True)
    clock.tick()
    crashes.clear()
    for one, code in zip(current(host, APP)[1], (143, 0), strict=False):
        engine.end(one.id, code, at=clock.now + 1)
        engine.made[engine.require(one.id).name] = replace(engine.require(one.id), restarts=0)
    engine.forget_endings()
    clock.tick(300)
    assert (state(host), crashes) == ("running", [])


def test_the_users_restart_policy_is_honoured(
    host: Host, engine: FakeEngine, clock: Clock, crashes: list[Crash]
) -> None:
    for policy, code, starts in (
        ("no", 1, False),
        ("on-failure:3", 1, True),
        ("on-failure", 0, False),
        ("always", 0, True),
        ("unless-stopped", 0, True),
    ):
        crashes.clear()
        set_policy(host, policy)
        clock.tick()
        engine.end(web(host).id, code, at=clock.now + 1)
        clock.tick()
        assert (state(host) == "running", len(crashes)) == (starts, 1), policy
        assert clock.tick(3600) == [], policy
        assert (findings(host)[0].level != "ok") == (not starts), policy
    engine.containers.stop(web(host).id, timeout=1)
    clock.tick()
    assert state(host) == "exited", "unless-stopped was stopped"


def test_a_stopped_app_is_not_started(host: Host, engine: FakeEngine, clock: Clock, crashes: list[Crash]) -> None:
    engine.end(web(host).id, 1, at=clock.now + 1, restarted=True)
    clock.tick()
    crashes.clear()
    stop_app(host, APP)
    assert clock.tick() == []
    assert clock.tick(3600) == []
    assert (state(host), crashes, read_watched(host, APP)) == ("exited", [], {})
    assert findings(host)[0].level == "ok"


def test_an_app_with_a_running_operation_is_examined_after_the_operation(
    host: Host, engine: FakeEngine, clock: Clock, crashes: list[Crash]
) -> None:
    engine.end(web(host).id, 1, at=clock.now + 1, restarted=True)
    lock = locks.take(host.root, f"app:{APP}", owner={"command": "deploy"}, wait=0)
    clock.tick(200)
    assert crashes == []
    lock.release()
    clock.tick(200)
    assert len(crashes) == 1


def test_an_error_of_one_app_does_not_stop_the_supervision_of_others(
    host: Host, engine: FakeEngine, clock: Clock, crashes: list[Crash], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("aaa", "zzz"):
        deploy(host, name, TREE)
    clock.tick()
    for name in ("aaa", "blog", "zzz"):
        engine.end(f"{name}.web.1", 1, at=clock.now + 1)
    with open(host.store.path("apps", "aaa", "deployment"), "w") as file:
        file.write("garbage = [")
    resume = host.scheduler().resume

    def failing(release: object, instances: tuple[Instance, ...]) -> tuple[Instance, ...]:
        if instances[0].app == APP:
            raise HostError("no room")
        return resume(release, instances)  # type: ignore[arg-type]

    monkeypatch.setattr(host.scheduler(), "resume", failing)
    assert clock.tick() == ["zzz: started web.1"]
    assert [one.app for one in crashes] == ["blog", "zzz"]
    monkeypatch.setattr(host.scheduler(), "resume", resume)
    assert clock.tick() == ["blog: started web.1"]
    assert len(crashes) == 2


def test_looks_do_not_overlap(host: Host, engine: FakeEngine, clock: Clock, crashes: list[Crash]) -> None:
    engine.end(web(host).id, 1, at=clock.now + 1)
    lock = locks.take(host.root, "supervision", owner={}, wait=0)
    assert clock.tick() == []
    lock.release()
    assert clock.tick() == ["blog: started web.1"]
    assert len(crashes) == 1


def test_a_quiet_minute_of_many_apps_asks_the_engine_once(
    host: Host, engine: FakeEngine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = host.store.read("apps", APP, "deployment")
    for number in range(30):
        host.store.write("apps", f"copy{number}", "app", data={"created_at": "now"})
        host.store.write("apps", f"copy{number}", "deployment", data=table)
    asked: list[str] = []
    for role, name in (
        (engine.containers, "find_all"),
        (engine.containers, "find"),
        (engine.containers, "endings"),
        (engine.sessions, "logs"),
    ):
        real = getattr(role, name)
        monkeypatch.setattr(role, name, lambda *a, _n=name, _r=real, **k: (asked.append(_n), _r(*a, **k))[1])
    clock.tick()
    assert asked == ["find_all"]


def test_a_crash_of_all_instances_rolls_back_once_if_that_is_enabled(
    host: Host, engine: FakeEngine, clock: Clock
) -> None:
    first = current(host, APP)[0]
    assert first is not None
    with operation(host, "test", f"app:{APP}") as tx:
        PS.set(tx, APP, "rollback-on-crash", "true")
    deploy(host, "blog", {**TREE, "new": "code"}, revision="b" * 40)
    clock.tick()
    engine.end(web(host).id, 1, at=clock.now + 1, restarted=True)
    clock.tick()
    assert current(host, APP)[0].revision == "b" * 40, "the worker did not crash"  # type: ignore[union-attr]
    engine.end("blog.worker.1", 1, at=clock.now + 1)
    assert clock.tick() == ["blog: rolled back from v2"]
    serving = current(host, APP)[0]
    assert serving is not None and (serving.number, serving.revision) == (3, first.revision)
    event = next(row for row in latest(host, 100) if row["event"] == "rolled_back_after_crash")
    assert (event["app"], event["release"], event["to"]) == ("blog", "2", "1")
    clock.tick()
    for one in current(host, APP)[1]:
        engine.end(one.id, 1, at=clock.now + 1)
    assert clock.tick() == ["blog: started web.1", "blog: started worker.1"]


def test_without_the_setting_a_crash_of_all_instances_rolls_nothing_back(
    host: Host, engine: FakeEngine, clock: Clock
) -> None:
    deploy(host, "blog", {**TREE, "new": "code"}, revision="b" * 40)
    clock.tick()
    for one in current(host, APP)[1]:
        engine.end(one.id, 1, at=clock.now + 1)
    clock.tick()
    assert current(host, APP)[0].number == 2  # type: ignore[union-attr]


def test_the_timer_and_the_doctor_look(host: Host, engine: FakeEngine, clock: Clock, crashes: list[Crash]) -> None:
    engine.end(web(host).id, 1, at=time.time())
    assert [one.message for one in findings(host)] == ["blog: web.1 should run and is: exited"]
    assert "blog: started web.1" in supervise(host)
    assert len(crashes) == 1


def test_an_unreadable_app_does_not_hide_others_from_the_doctor(host: Host, engine: FakeEngine, clock: Clock) -> None:
    deploy(host, "aaa", TREE)
    with open(host.store.path("apps", "aaa", "deployment"), "w") as file:
        file.write("garbage = [")
    engine.end(web(host).id, 1, at=clock.now)
    assert [one.message for one in findings(host)] == ["blog: web.1 should run and is: exited"]


# the pure part


class Seen:
    def __init__(
        self, state: str = "running", exit_code: int | None = None, restarts: int = 0, oom: bool = False
    ) -> None:
        self.state, self.exit_code, self.restarts, self.oom_killed = state, exit_code, restarts, oom


def test_an_end_is_read_from_the_state_or_else_from_what_the_engine_remembers() -> None:
    assert judged(Watched(), Seen("restarting", 2, 3), [], 100.0)[0].exit_code == 2
    after, crashed = judged(Watched(), Seen(restarts=1), [Ending(90.0, 5)], 100.0)
    assert (after.exit_code, after.last, crashed) == (5, 90.0, True)
    after, crashed = judged(Watched(), Seen(restarts=1), [], 100.0)
    assert (after.exit_code, after.last, crashed) == (None, 100.0, True)
    crash_then_stop = [Ending(80.0, 137, oom=True), Ending(90.0, 143, stopped=True)]
    both, crashed = judged(Watched(), Seen("exited", 143, 1), crash_then_stop, 100.0)
    assert (both.exit_code, both.oom, both.last, crashed) == (137, True, 80.0, True)
    again, crashed = judged(after, Seen(restarts=1), [], 160.0)
    assert (again, crashed) == (after, False)


def test_a_process_that_is_not_due_is_not_started() -> None:
    down = Watched(down=True, exit_code=1, last=100.0)
    assert is_due(down, "always", 100.0)
    assert not is_due(tried(down, 100.0, started=False), "always", 159.0)
    assert is_due(tried(down, 100.0, started=False), "always", 160.0)
    assert not is_due(Watched(), "always", 100.0)


def test_clock_that_was_ahead_and_set_back_delays_no_start_and_hides_no_crash() -> None:
    ahead, now = 100.0 + 365 * 86400, 100.0
    down = tried(Watched(down=True, exit_code=1, last=ahead), ahead, started=False)
    assert is_due(down, "always", now)
    running = Watched(restarts=1, total=1, exit_code=1, last=ahead)
    after, crashed = judged(running, Seen("exited", 7, 1), [Ending(90.0, 7)], now)
    assert crashed and not after.stopped and (after.exit_code, after.last) == (7, 90.0)
    assert judged(running, Seen(restarts=1), [], now) == (Watched(restarts=1), False)


def test_the_text_for_a_state() -> None:
    at = 51340.0  # 14:15:40 on the first day of the epoch
    watched = Watched(total=10, exit_code=1, last=at)
    assert describe("exited", watched, at + 5) == "crashed (exit 1, 10 restarts, last 14:15:40)"
    assert describe("running", watched, at + 5) == "running (exit 1, 10 restarts, last 14:15:40)"
    assert (
        describe("exited", watched.replace(oom=True, total=1), at)
        == "crashed (out of memory, 1 restart, last 14:15:40)"
    )
    assert describe("exited", watched.replace(exit_code=0, total=0), at) == "exited (exit 0, 0 restarts, last 14:15:40)"
    assert describe("exited", watched.replace(stopped=True), at) == "exited"
    assert describe("exited", watched, at + 90000) == "crashed (exit 1, 10 restarts, last 1970-01-01 14:15:40)"
    assert describe("running", None, at) == "running"


def test_a_crash_of_every_web_instance_is_reported_until_they_are_healthy(host: Host, engine: FakeEngine) -> None:
    host.store.write("global", "domains", data={"vhosts": ["apps.test"]})
    waiting = cast(FakeProxy, host.proxy(APP)).waiting
    one = web(host)
    crashed = Watched(restarts=1, total=1, exit_code=1, last=1000.0)
    write_watched(host, APP, {one.id: crashed}, before={})
    assert waiting == {"blog": ("crashed", "blog.apps.test")}
    write_watched(host, APP, {one.id: crashed.replace(stopped=True)}, before={})
    assert waiting == {}
    write_watched(host, APP, {one.id: crashed}, before={})
    write_watched(host, APP, {one.id: Watched(restarts=1)}, before={})
    assert waiting == {}
