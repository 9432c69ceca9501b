from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from dokkupy_sdk.figures import Figure, Gauge, readings, shown
from dokkupy_sdk.names import AppName

BLOG = AppName("blog")


def test_gauges_are_read_beside_each_other_and_one_that_fails_hides_no_other() -> None:
    both = threading.Barrier(2, timeout=60)

    def good(name: str) -> Iterator[Figure]:
        both.wait()
        yield Figure(BLOG, name, 1.0)

    def bad() -> Iterator[Figure]:
        raise OSError("no such file")

    gauges = [Gauge(lambda: good("a"), ()), Gauge(bad, ()), Gauge(lambda: good("b"), ())]
    assert readings(gauges, 60) == {"blog": {"a": 1.0, "b": 1.0}}


def test_a_gauge_that_hangs_is_left_out() -> None:
    ended = threading.Event()

    def slow() -> Iterator[Figure]:
        ended.wait(60)
        yield Figure(BLOG, "slow", 1.0)

    found = readings([Gauge(slow, ())], 0.01)
    ended.set()
    assert found == {}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("cpu_percent", 12.34, "12.3"),
        ("memory_bytes", 171_000_000, "163 M"),
        ("requests_per_minute", 340, "340"),
        ("p95_seconds", 0.0421, "42 ms"),
        ("backup_verified_at", "2025-12-31T22:00:00Z", "2 h"),
        ("queue", "full", "full"),
        ("p95_seconds", None, ""),
    ],
)
def test_the_name_of_a_figure_says_its_unit(name: str, value: float | str | None, text: str) -> None:
    assert shown(name, value, 1_767_225_600.0) == text
