"""When an instance without a check is past its start: a rule about what was seen of it."""

from __future__ import annotations

from collections.abc import Callable

from dokkupy_checks.startup import Progress
from dokkupy_sdk.model import Activity


def watched(seconds: float, look: Callable[[float], Activity]) -> Progress:
    """What is seen in that time, ten looks a second."""
    progress = Progress()
    for number in range(int(seconds * 10) + 1):
        progress.add(number / 10, look(number / 10))
    return progress


def idle(at: float) -> Activity:
    return Activity(known=True, cpu=0.2)


def importing(at: float) -> Activity:
    return Activity(known=True, cpu=at, working=True)


def starved(at: float) -> Activity:
    """It waits for a processor: no time of one is used."""
    return Activity(known=True, working=True)


def test_an_instance_is_up_when_it_was_quiet_for_three_seconds() -> None:
    assert not watched(2.8, idle).is_up()
    assert watched(3.0, idle).is_up()


def test_an_instance_that_works_or_waits_for_a_processor_is_not_up() -> None:
    assert not watched(9, importing).is_up() and watched(9, importing).is_busy()
    assert not watched(9, starved).is_up() and watched(9, starved).is_busy()


def test_silence_counts_from_the_end_of_the_work() -> None:
    def look(at: float) -> Activity:
        return importing(at) if at < 4 else Activity(known=True, cpu=4)

    assert not watched(5.5, look).is_up()
    assert watched(7.5, look).is_up()


def test_processor_time_counts_although_no_look_fell_into_the_work() -> None:
    assert not watched(9, lambda at: Activity(known=True, cpu=at * 0.2)).is_up()


def test_a_worker_that_polls_is_quiet() -> None:
    def look(at: float) -> Activity:
        return Activity(known=True, cpu=at * 0.02, working=int(at * 10) % 10 == 3)

    assert watched(4.0, look).is_up()


def test_one_that_listens_is_up_after_a_second_of_silence() -> None:
    assert watched(1.0, lambda at: Activity(known=True, listens=True)).is_up()
    assert not watched(0.8, lambda at: Activity(known=True, listens=True)).is_up()
    assert not watched(2.0, lambda at: Activity(known=True, cpu=at, working=True, listens=True)).is_up()


def test_an_instance_that_cannot_be_seen_is_neither_up_nor_busy() -> None:
    unseen = watched(20, lambda at: Activity())
    assert not unseen.is_up() and not unseen.is_busy()
