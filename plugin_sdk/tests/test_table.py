from __future__ import annotations

import pytest
from dokkupy_sdk.table import Column, table

COLUMNS = (Column("APP"), Column("STATE"), Column("RESTARTS", right=True, optional=2), Column("URL", optional=1))
ROWS = (("blog", "running", "0", "https://blog.example.com"), ("shop", "crashed", "12", ""))


def test_elsewhere_than_on_a_terminal_lines_are_plain_and_whole() -> None:
    assert table(COLUMNS, ROWS, terminal=False, styles={"running": "green"}, width=20) == [
        "APP   STATE    RESTARTS  URL",
        "blog  running         0  https://blog.example.com",
        "shop  crashed        12",
    ]


def test_without_rows_there_is_no_heading() -> None:
    assert table(COLUMNS, [], terminal=True) == table(COLUMNS, [], terminal=False) == []


@pytest.mark.parametrize(("width", "heads"), [(80, "APP STATE RESTARTS URL"), (45, "APP STATE URL"), (20, "APP STATE")])
def test_a_narrow_terminal_drops_columns(monkeypatch: pytest.MonkeyPatch, width: int, heads: str) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    first, *_ = table(COLUMNS, ROWS, terminal=True, width=width)
    import re

    assert re.sub(r"\x1b\[[0-9;]*m", "", first).split() == heads.split()


def test_a_terminal_shows_styles_unless_the_user_wants_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[32mrunning" in "".join(table(COLUMNS, ROWS, terminal=True, styles={"running": "green"}, width=80))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[32m" not in "".join(table(COLUMNS, ROWS, terminal=True, styles={"running": "green"}, width=80))
