"""How containers run and end, from the engine's list and its events."""

from __future__ import annotations

import time
from typing import Any

import pytest
from dokkupy_docker.engine import DockerEngine
from dokkupy_docker.engine_api import api
from dokkupy_docker.engine_api.answers import LATE, endings_of, up_seconds
from dokkupy_docker.roles.containers import DockerContainers
from dokkupy_sdk.model import Ending

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("status", "seconds"),
    [
        ("Up Less than a second", 0),
        ("Up 1 second", 1),
        ("Up 59 seconds (healthy)", 59),
        ("Up About a minute", 60),
        ("Up 46 minutes", 2760),
        ("Up About an hour (Paused)", 3600),
        ("Up 47 hours", 84600),
        ("Up 3 weeks", 907200),
        ("Up 2 months", 2592000),
        ("Exited (1) 3 seconds ago", 0),
        ("Restarting (1) 2 seconds ago", 0),
        ("Created", 0),
        ("", 0),
    ],
)
def test_uptime_is_never_more_than_it_was(status: str, seconds: int) -> None:
    assert up_seconds(status) == seconds


def event(action: str, at: int, identifier: str = "c", **attributes: str) -> dict[str, Any]:
    return {"Action": action, "timeNano": at * 10**9, "Actor": {"ID": identifier, "Attributes": attributes}}


@pytest.mark.parametrize(
    ("events", "ending"),
    [
        ([event("die", 5, exitCode="3")], Ending(5, 3)),
        ([event("oom", 4), event("die", 5, exitCode="137")], Ending(5, 137, oom=True)),
        ([event("kill", 4, signal="15"), event("die", 5, exitCode="0"), event("stop", 6)], Ending(5, 0, stopped=True)),
        ([event("kill", 4, signal="9"), event("die", 5, exitCode="137")], Ending(5, 137, stopped=True)),
        ([event("kill", 4, signal="3"), event("die", 5, exitCode="0"), event("stop", 6)], Ending(5, 0, stopped=True)),
        ([event("kill", 4, signal="1"), event("die", 5, exitCode="1")], Ending(5, 1)),
        (
            [event("oom", 3, "other"), event("kill", 4, "other", signal="9"), event("die", 5, exitCode="1")],
            Ending(5, 1),
        ),
    ],
)
def test_end_of_a_container_is_derived_from_its_events(events: list[dict[str, Any]], ending: Ending) -> None:
    assert endings_of(events)["c"] == [ending]


def test_memory_that_ran_out_may_be_reported_just_after_the_end() -> None:
    die, late = event("die", 5, exitCode="137"), event("oom", 5) | {"timeNano": 5_400_000_000}
    assert endings_of([die, late])["c"] == [Ending(5, 137, oom=True)]
    assert endings_of([die, late, event("die", 9, exitCode="1")])["c"] == [Ending(5, 137, oom=True), Ending(9, 1)]
    # An end that has another cause, or is older, is not changed: the event is about the next one.
    for before in (event("die", 5, exitCode="1"), event("die", 3, exitCode="137")):
        assert endings_of([before, late, event("die", 6, exitCode="137")])["c"][1] == Ending(6, 137, oom=True)
    assert endings_of([event("kill", 5, signal="9"), die, late])["c"] == [Ending(5, 137, stopped=True)]


def test_end_that_may_still_be_explained_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def ends_at(at: float, *, explained: bool) -> list[bool]:
        die = event("die", 0, exitCode="137") | {"timeNano": int(at * 1e9)}
        late = event("oom", 0) | {"timeNano": int(at * 1e9) + 1}
        answers = [[die], [die, late] if explained else [die]]
        monkeypatch.setattr(api, "lines", lambda path, **options: answers.pop(0))
        containers = DockerContainers(DockerEngine.__new__(DockerEngine))
        return [one.oom for one in containers.endings(0.0)["c"]]

    waits: list[float] = []
    now = 1000.0
    monkeypatch.setattr(time, "time", lambda: now)
    monkeypatch.setattr(time, "sleep", waits.append)
    assert ends_at(now - 0.25, explained=True) == [True]
    assert ends_at(now - 0.25, explained=False) == [False]
    assert ends_at(now - LATE, explained=True) == [False]
    assert waits == [LATE - 0.25] * 2


def test_each_end_of_a_container_has_its_own_cause() -> None:
    events = [
        event("oom", 1),
        event("die", 2, exitCode="137"),
        event("die", 3, exitCode="1"),
        event("kill", 4, signal="15"),
        event("die", 5, exitCode="0"),
        event("stop", 5),
        event("die", 9, exitCode="2"),
    ]
    assert endings_of(events)["c"] == [Ending(2, 137, oom=True), Ending(3, 1), Ending(5, 0, stopped=True), Ending(9, 2)]
