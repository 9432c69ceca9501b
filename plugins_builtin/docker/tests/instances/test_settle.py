"""When a deploy has waited long enough for a new instance to exit at once, on a clock that stands still between looks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest
from dokkupy_docker.instances import activity as processes
from dokkupy_docker.instances import settle
from dokkupy_sdk.model import Activity, Instance, InstanceStatus
from dokkupy_sdk.names import AppName, ProcessType

pytestmark = pytest.mark.unit

ENDED = Activity(True, alive=False)
IDLE = Activity(True, True, 0.01, False)


def waits(cpu: float = 0.0) -> Activity:
    """An instance that waits for a processor, or runs on it."""
    return Activity(True, True, cpu, True)


@dataclass
class Clock:
    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(settle, "time", made)
    return made


def in_turn(*looks: Sequence[Activity]) -> Callable[[], Sequence[Activity]]:
    left: Iterator[Sequence[Activity]] = iter(looks)
    return lambda: next(left)


def test_one_that_gets_no_processor_is_watched_until_it_has_had_its_turn(clock: Clock) -> None:
    starved = [[waits()] for _ in range(400)]
    assert settle.wait_for_a_turn(in_turn(*starved, [ENDED])) == [ENDED]
    assert settle.wait_for_a_turn(in_turn(*starved, [IDLE])) == [IDLE]
    assert settle.wait_for_a_turn(in_turn(*starved, [waits(0.06)])) == [waits(0.06)]


def test_the_runtimes_own_processor_time_is_not_a_turn(clock: Clock) -> None:
    looks = in_turn([waits(0.3)], [waits(0.3)], [waits(0.32)], [ENDED])
    assert settle.wait_for_a_turn(looks) == [ENDED]


def test_the_slowest_of_several_instances_decides(clock: Clock) -> None:
    looks = in_turn([waits(), waits()], [IDLE, waits()], [IDLE, waits(0.01)], [IDLE, ENDED])
    assert settle.wait_for_a_turn(looks) == [IDLE, ENDED]


@pytest.mark.parametrize("second", [ENDED, IDLE, waits(0.1)], ids=["ended", "idle", "busy"])
def test_a_host_with_a_free_processor_waits_once(clock: Clock, second: Activity) -> None:
    assert settle.wait_for_a_turn(in_turn([waits()], [second])) == [second]
    assert clock.now == 1000.0 + settle.SETTLE_SECONDS


def test_the_wait_for_a_turn_has_an_end(clock: Clock) -> None:
    assert settle.wait_for_a_turn(lambda: [waits()]) == [waits()]
    assert clock.now >= 1000.0 + settle.SETTLE_LIMIT


def row(state: str, *, id: str = "1", restarts: int = 0) -> InstanceStatus:
    one = Instance(
        app=AppName("blog"),
        process=ProcessType("web"),
        index=1,
        id=id,
        name=id,
        address="",
        port=0,
        release=1,
        deployment="d",
    )
    return InstanceStatus(one, state, restarts=restarts)


@pytest.mark.parametrize("noticed", [row("exited"), row("running", restarts=1)], ids=["exited", "restarted"])
def test_an_exit_that_the_engine_has_not_noticed_yet_is_waited_for(clock: Clock, noticed: InstanceStatus) -> None:
    looks = iter([[row("running")], [row("running")], [noticed]])
    (found,) = settle.wait_for_exits({"1"}, lambda: next(looks))
    assert found == noticed and settle.has_ended(found)


def test_nobody_waits_for_instances_whose_processes_run(clock: Clock) -> None:
    looks = iter([[row("exited"), row("running", id="2")]])
    assert len(settle.wait_for_exits({"1"}, lambda: next(looks))) == 2
    assert clock.now == 1000.0


def test_an_engine_that_notices_no_exit_is_believed_in_the_end(clock: Clock) -> None:
    assert settle.wait_for_exits({"1"}, lambda: [row("running")]) == [row("running")]


def test_a_process_that_has_executed_no_command_yet_is_at_work() -> None:
    """The runtime of containers forks their first process, and executes the command in it later. Here, both sleep."""
    begin, ends = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(begin[1])
        os.close(ends[1])
        os.dup2(ends[0], 0)
        os.read(begin[0], 1)
        os.execv("/bin/cat", ["cat"])
    first = (pid, processes.stat_of(f"/proc/{pid}/stat")[19])
    try:
        wait_for(lambda: processes.stat_of(f"/proc/{pid}/stat")[0] == "S")
        assert processes.activity(first).working
        os.close(begin[1])
        wait_for(lambda: not processes.activity(first).working)
        assert processes.activity(first).alive
    finally:
        os.close(ends[1])
        os.waitpid(pid, 0)
        os.close(begin[0])
        os.close(ends[0])


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)
