"""Whether the facts of a backup can be true."""

from __future__ import annotations

import pytest
from dokkupy_backups.record.plausibility import differences, emptied, implausible

pytestmark = pytest.mark.unit


def test_facts_may_lie_between_two_looks_and_nowhere_else() -> None:
    before, after = {"rows": "10", "schema": "a", "gone": "1"}, {"rows": "20", "schema": "b", "new": "1"}
    assert differences({"rows": "15", "schema": "a"}, before, after) == []
    assert differences({"rows": "20", "schema": "b", "new": "1"}, before, after) == []
    assert differences({"rows": "9", "schema": "a"}, before, after) == ["rows: 9, was 10, then 20"]
    assert differences({"rows": "15", "schema": "c"}, before, after) == ["schema: c, was a, then b"]
    assert differences({"schema": "a"}, before, after) == ["rows: missing, was 10"]
    assert differences({"rows": "10", "schema": "a", "x": "1"}, before, after) == ["x: 1, was not there"]
    assert len(differences({}, {str(n): "1" for n in range(100)}, {str(n): "1" for n in range(100)})) == 13


def test_sums_over_everything_count_only_when_nothing_changed_meanwhile() -> None:
    assert differences({"content": "c"}, {"content": "a"}, {"content": "b"}) == []
    assert differences({"content": "c"}, {"content": "a"}, {"content": "a"}) == ["content: c, was a"]


def test_what_is_not_plausible_beside_the_last_one() -> None:
    assert emptied({"rows": "0"}, {"rows": "5", "views": "0"}) and not emptied({"rows": "1"}, {"rows": "5"})
    assert not emptied({}, {}) and emptied({}, {"rows": "5"})
    assert implausible(49, {}, 100, {}, 50) and not implausible(50, {}, 100, {}, 50)
    assert implausible(100, {"rows": "0"}, 100, {"rows": "3"}, 50) and not implausible(
        1, {"rows": "0"}, 100, {"rows": "3"}, 0
    )
