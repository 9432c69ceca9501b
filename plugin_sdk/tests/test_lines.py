from __future__ import annotations

import pytest
from dokkupy_sdk.cli import harmless
from dokkupy_sdk.lines import WIDTH, age, ago, duration, one_line, timed


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (3.42, "3.4 s"),
        (99.9, "99.9 s"),
        (125, "2 min 5 s"),
        (3599.7, "1 h 0 min"),
        (4500, "1 h 15 min"),
    ],
)
def test_a_duration_is_read_at_a_glance(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_line_with_its_duration_fits_80_columns_behind_gits_prefix() -> None:
    assert len("remote: " + " " * 7 + timed("x" * WIDTH, "0.3 s")) == 79


def test_an_age_has_its_largest_unit() -> None:
    assert [age(5), age(125), age(7300), age(200_000), age(40_000_000)] == ["5 s", "2 min", "2 h", "2 d", "1 y"]
    assert (ago(3), ago(125), ago(-200_000)) == ("now", "2 min ago", "in 2 d")


def test_text_of_others_is_one_line_without_control_characters() -> None:
    assert one_line("a\x1b[31m red\r\nline\x00 \u202eend") == "a red line end"
    assert harmless("\x1b[2J\x1b]0;title\x07a\tb\n\x9b1m\u2066c") == "a\tb\n1mc"
    assert one_line("x" * 80) == "x" * 47 + "..."
