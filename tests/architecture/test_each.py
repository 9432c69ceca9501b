"""A failed rule for many subjects names all subjects that break it."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from tests.architecture.each import for_each


@for_each([1, 2, 3, 4], lambda one: f"number {one}")
def even(one: int, tmp_path: Path) -> None:
    """Whether it is even."""
    (tmp_path / str(one)).touch()
    if one == 3:
        pytest.fail("three is not even")
    assert one % 2 == 0


def test_all_subjects_are_checked_and_each_that_breaks_the_rule_is_named(tmp_path: Path) -> None:
    assert (even.__name__, even.__doc__, list(inspect.signature(even).parameters)) == (
        "even",
        "Whether it is even.",
        ["tmp_path"],
    )
    with pytest.raises(BaseExceptionGroup, match="2 of 4 break the rule") as caught:
        even(tmp_path=tmp_path)
    assert [note for one in caught.value.exceptions for note in one.__notes__] == [
        "the subject: number 1",
        "the subject: number 3",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2", "3", "4"]


def test_single_failure_is_shown_like_that_of_any_test_and_a_rule_without_subjects_fails() -> None:
    def odd(one: int) -> None:
        assert one % 2

    with pytest.raises(AssertionError) as caught:
        for_each(lambda: [1, 2])(odd)()
    assert "the subject: 2" in caught.value.__notes__
    with pytest.raises(AssertionError, match="nothing to check"):
        for_each(list[int])(odd)()
