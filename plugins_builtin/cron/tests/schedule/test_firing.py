"""When a task fires: time zones, clocks that are set, and missed firings. Pure functions."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from dokkupy_cron.schedule.firing import LATE, Look, Progress, Schedule, look, upcoming
from dokkupy_sdk.cron import Cron

from plugins_builtin.cron.tests.conftest import MIDNIGHT, at

MINUTE, HOUR, DAY = 60, 3600, 86400


def schedule(text: str, zone: str = "UTC") -> Schedule:
    return Schedule(Cron(text), UTC if zone == "UTC" else ZoneInfo(zone))


def walk(one: Schedule, moments: list[int], *, catches_up: bool = False) -> tuple[list[int], list[Look]]:
    """(what was served at these looks, the looks)."""
    progress, looks = Progress(moments[0]), []
    for now in moments:
        looks.append(look(one, progress, now, catches_up=catches_up))
        progress = looks[-1].progress
    return [found.due for found in looks if found.due is not None], looks


def every_minute(start: int, end: int) -> list[int]:
    return list(range(start, end + 1, MINUTE))


def test_each_firing_is_served_in_its_minute() -> None:
    served, looks = walk(schedule("*/5 * * * *"), every_minute(MIDNIGHT, MIDNIGHT + HOUR))
    assert served == [MIDNIGHT + 300 * number for number in range(1, 13)]
    assert not any(found.missed for found in looks)


def test_a_second_look_in_the_same_minute_serves_nothing() -> None:
    moments = [moment for one in every_minute(MIDNIGHT, MIDNIGHT + HOUR) for moment in (one, one, one + 30)]
    served, _ = walk(schedule("* * * * *"), moments)
    assert served == every_minute(MIDNIGHT + MINUTE, MIDNIGHT + HOUR)


def test_a_firing_that_is_a_little_late_is_served_and_older_ones_are_missed() -> None:
    served, looks = walk(schedule("* * * * *"), [MIDNIGHT, MIDNIGHT + 4 * MINUTE])
    assert served == [MIDNIGHT + 4 * MINUTE]
    assert (looks[1].missed, looks[1].first, looks[1].last) == (3, MIDNIGHT + MINUTE, MIDNIGHT + 3 * MINUTE)


@pytest.mark.parametrize("catches_up", [False, True])
def test_firings_that_have_passed_are_skipped_or_served_by_one_run(catches_up: bool) -> None:
    one, back = schedule("0 3 * * *"), MIDNIGHT + 2 * DAY + 12 * HOUR
    served, looks = walk(one, [MIDNIGHT, back, back + MINUTE], catches_up=catches_up)
    assert served == ([MIDNIGHT + 2 * DAY + 3 * HOUR] if catches_up else [])
    assert looks[1].missed == (2 if catches_up else 3) and looks[2].missed == 0


def test_an_outage_of_years_is_counted_up_to_a_limit_and_its_newest_firing_found() -> None:
    served, looks = walk(schedule("* * * * *"), [MIDNIGHT, MIDNIGHT + 900 * DAY])
    assert served == [MIDNIGHT + 900 * DAY] and looks[1].missed == 1000
    served, looks = walk(schedule("0 0 29 2 *"), [MIDNIGHT, MIDNIGHT + 900 * DAY], catches_up=True)
    assert [datetime.fromtimestamp(moment, UTC).isoformat() for moment in served] == ["2028-02-29T00:00:00+00:00"]


def test_a_clock_that_is_set_back_serves_no_firing_twice_and_misses_none() -> None:
    one = schedule("* * * * *")
    moments = [*every_minute(MIDNIGHT, MIDNIGHT + HOUR), *every_minute(MIDNIGHT + 20 * MINUTE, MIDNIGHT + 2 * HOUR)]
    served, _ = walk(one, moments)
    assert served == every_minute(MIDNIGHT + MINUTE, MIDNIGHT + 2 * HOUR)


def test_a_clock_that_ran_ahead_for_a_while_prevents_no_later_firing() -> None:
    wrong = MIDNIGHT + 365 * DAY
    moments = [
        *every_minute(MIDNIGHT, MIDNIGHT + 10 * MINUTE),
        *every_minute(wrong, wrong + 5 * MINUTE),
        *every_minute(MIDNIGHT + 16 * MINUTE, MIDNIGHT + HOUR),
    ]
    served, _ = walk(schedule("* * * * *"), moments)
    assert len(served) == len(set(served))
    assert set(every_minute(MIDNIGHT + 16 * MINUTE, MIDNIGHT + HOUR)) <= set(served)


def test_in_an_hour_that_occurs_twice_a_daily_task_fires_once_and_a_frequent_one_in_both() -> None:
    zone = "Europe/Berlin"  # 2026-10-25: 03:00 becomes 02:00
    start, end = at(zone, 2026, 10, 25, 0), at(zone, 2026, 10, 25, 6)
    assert end - start == 7 * HOUR
    assert len(walk(schedule("30 2 * * *", zone), every_minute(start, end))[0]) == 1
    assert len(walk(schedule("*/30 * * * *", zone), every_minute(start, end))[0]) == 14


def test_a_daily_task_in_an_hour_that_is_skipped_fires_after_it() -> None:
    zone = "Europe/Berlin"  # 2026-03-29: 02:00 becomes 03:00
    start, end = at(zone, 2026, 3, 29, 0), at(zone, 2026, 3, 29, 6)
    assert end - start == 5 * HOUR
    assert walk(schedule("30 2 * * *", zone), every_minute(start, end))[0] == [at(zone, 2026, 3, 29, 3)]
    assert len(walk(schedule("*/30 * * * *", zone), every_minute(start, end))[0]) == 10


def test_schedules_use_the_time_zone() -> None:
    assert schedule("0 3 * * *", "Asia/Tokyo").after(MIDNIGHT) == MIDNIGHT + 18 * HOUR
    assert upcoming(schedule("0 3 * * *", "Asia/Tokyo"), Progress(MIDNIGHT), MIDNIGHT) == MIDNIGHT + 18 * HOUR


SCHEDULES = ("* * * * *", "*/7 * * * *", "30 2 * * *", "0,30 1-3 * * *", "15 */2 * * *", "0 3 * * 0")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_clock_does_a_firing_is_served_at_most_once_and_always_if_the_clock_is_steady(seed: int) -> None:
    """Random looks around a change to or from summer time: pauses, several at once, the clock set forward and back."""
    chance = random.Random(seed)
    one = schedule(chance.choice(SCHEDULES), chance.choice(ZONES))
    day = chance.choice([(2026, 3, 28), (2026, 10, 24), (2026, 4, 4), (2026, 11, 1), (2026, 6, 1)])
    now = at("UTC", *day)
    progress, served = Progress(now), []
    for _ in range(500):
        before = now
        event = chance.random()
        if event < 0.01:
            now += chance.randrange(-5 * HOUR, 5 * HOUR)
        elif event < 0.03:
            now += chance.randrange(0, 20 * MINUTE)
        else:
            now += chance.choice((0, 60, 60, 60))
        found = look(one, progress, now, catches_up=False)
        quiet = 0 <= now - before <= 60
        if found.due is not None:
            served.append(found.due)
            assert now - LATE < found.due <= now
        elif quiet and progress.cursor == before:
            fired = [moment for moment in one.between(before, now, 9) if not progress.has_served(moment)]
            assert fired == [], "a firing in a quiet minute was not served"
        progress = found.progress
        assert upcoming(one, progress, now) > now
    assert len(served) == len(set(served))
