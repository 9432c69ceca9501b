"""Pauses between attempts."""

from __future__ import annotations

import pytest
from dokkupy_sdk.backoff import is_waiting, pause_after


@pytest.mark.parametrize(("failures", "pause"), [(1, 60), (2, 120), (4, 480), (5, 600), (10**6, 600)])
def test_pause_doubles_with_each_failure_up_to_the_longest(failures: int, pause: float) -> None:
    assert pause_after(failures, first=60, longest=600) == pause


def test_attempt_waits_for_its_time_unless_the_clock_was_ahead_when_it_was_recorded() -> None:
    assert is_waiting(700, 100, longest=600) and not is_waiting(701, 100, longest=600)
    assert not is_waiting(100, 100, longest=600)
