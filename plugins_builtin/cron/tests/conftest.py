"""A host of fakes with an app whose tasks are scheduled, on the tests' own clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dokkupy_apps.testing import deploy
from dokkupy_cron import doctor
from dokkupy_cron.runs import by_hand, due
from dokkupy_cron.runs.history import HistoryRow, history_of
from dokkupy_cron.runs.run import RUN
from dokkupy_cron.schedule import clock as clock_module
from dokkupy_cron.schedule.clock import Clock
from dokkupy_cron.tasks import index
from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import Run, command_line
from dokkupy_sdk.testing.fake_engine import FakeEngine

APP = AppName("blog")
MIDNIGHT = int(datetime(2026, 11, 2, tzinfo=UTC).timestamp())


class TestClock(Clock):
    """A wall clock that can be set, and a monotonic one."""

    __test__ = False

    def __init__(self) -> None:
        self.shown = MIDNIGHT
        self.ran = 1000.0
        self.meanwhile: Callable[[], None] = lambda: None

    def now(self) -> int:
        return self.shown

    def running(self) -> float:
        return self.ran

    def sleep(self, seconds: float) -> None:
        self.pass_(int(seconds) or 1)
        self.meanwhile()

    def pass_(self, seconds: int) -> None:
        self.shown += seconds
        self.ran += seconds

    def set_to(self, moment: int) -> None:
        self.shown = moment


class World:
    def __init__(self, host: Host, engine: FakeEngine, clock: TestClock) -> None:
        self.host, self.engine, self.clock = host, engine, clock
        self.heard: list[Any] = []
        self.started: list[str] = []
        self.tasks: dict[str, str] = {}
        start = engine.containers.start

        def counted(ref: str) -> None:
            start(ref)
            one = engine.require(ref)
            self.started.append(one.labels[RUN])
            self.tasks[one.labels[RUN]] = one.labels["com.dokku.cron-id"]

        engine.containers.start = counted  # type: ignore[method-assign]

    def deploy(self, *tasks: dict[str, Any], app: str = "blog") -> None:
        deploy(self.host, app, {"Procfile": "web: serve\nwork: rake work\n", "app.json": json.dumps({"cron": tasks})})

    def tick(self) -> list[str]:
        return due.run_due(self.host, self.clock)

    def minute(self, count: int = 1) -> list[str]:
        lines = []
        for _ in range(count):
            self.clock.pass_(60)
            lines += self.tick()
        return lines

    def history(self, task: str = "") -> list[HistoryRow]:
        return [row for _, row in history_of(self.host, APP, task)]

    def outcomes(self) -> list[str]:
        return [row.outcome for row in self.history()]

    def task_of(self, run: str) -> str:
        return self.tasks[run]

    def runs(self) -> list[str]:
        return [one.name for one in self.engine.containers.find_all({"dokkupy.kind": "cron"})]

    def end_all(self, code: int = 0) -> None:
        for name in self.runs():
            self.engine.end(name, code, at=float(self.clock.now()))


def task(schedule: str = "* * * * *", command: str = "rake daily", **more: Any) -> dict[str, Any]:
    return {"command": command, "schedule": schedule, **more}


class Listener:
    def __init__(self, heard: list[Any]) -> None:
        self.heard = heard

    @hookimpl
    def on_cron_finished(self, app: AppName | None, task: str, outcome: str, exit_code: int | None) -> None:
        self.heard.append((app, task, outcome, exit_code))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(clock_module, "LOCALTIME", str(tmp_path / "localtime"))  # none: UTC
    host = fake_host(tmp_path / "state", plugins=("cron", "app-json"))
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    found = World(host, engine, TestClock())
    monkeypatch.setattr(due, "STAYS", 0)
    for module in (index, due, doctor, by_hand):
        monkeypatch.setattr(module, "Clock", lambda: found.clock)
    host.hooks.manager.register(Listener(found.heard), name="listener")
    return found


@pytest.fixture
def run(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return command_line(world.host, capsys, monkeypatch)


def at(zone: str, *parts: int) -> int:
    return int(datetime(*parts, tzinfo=ZoneInfo(zone)).timestamp())  # type: ignore[misc]


__all__ = ["APP", "MIDNIGHT", "World", "at", "task"]
