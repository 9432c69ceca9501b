from __future__ import annotations

import re

import pytest
from dokkupy_sdk.styles import BAD, CODES, GOOD
from dokkupy_sdk.table import Column, fields, listing, report, table

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
    assert re.sub(r"\x1b\[[0-9;]*m", "", first).split() == heads.split()


def test_a_terminal_shows_styles_unless_the_user_wants_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "\x1b[32mrunning" in "".join(table(COLUMNS, ROWS, styles={"running": GOOD}, width=80))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in "".join(table(COLUMNS, ROWS, styles={"running": GOOD}, width=80))


def test_forced_colours_leave_a_programs_columns_in_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = table(COLUMNS, ROWS, terminal=False, styles={"running": GOOD, "12": BAD})
    monkeypatch.setenv("FORCE_COLOR", "1")
    forced = table(COLUMNS, ROWS, terminal=False, styles={"running": GOOD, "12": BAD})
    assert "\x1b[32mrunning\x1b[0m  " in forced[1] and "\x1b[31m12\x1b[0m" in forced[2]
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in forced] == plain


def test_styles_have_one_code_for_rich_and_for_plain_lines() -> None:
    from rich.style import Style

    assert {name: Style.parse(name).render("x").partition("m")[0] for name in CODES} == {
        name: f"\x1b[{code}" for name, code in CODES.items()
    }


def test_a_listing_has_a_form_of_its_own_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = ["Dokku's heading", "blog: running\x1b[2J"]
    answer = listing([1], COLUMNS, ROWS, elsewhere=elsewhere, header="Apps")
    assert (answer.header, answer.columns, answer.text) == ("Apps", elsewhere[:1], ["blog: running"])
    assert listing([1], COLUMNS, ROWS).columns == table(COLUMNS, ROWS, terminal=False)[:1]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "STATE" in listing([1], COLUMNS, ROWS, elsewhere=elsewhere).columns[0]
    nothing = listing([], COLUMNS, [], elsewhere=elsewhere[:1], header="Apps", empty="There is no app yet")
    assert (nothing.header, [*nothing.columns], nothing.text) == ("", [], ["There is no app yet"])


def test_a_long_word_is_broken_only_when_no_column_can_be_dropped() -> None:
    columns = (Column("PATH", wraps=True), Column("SIZE", optional=1))
    assert table(columns, [("x" * 40, "12 MiB")], terminal=True, width=44)[1] == "x" * 40
    assert table(columns[:1], [("x" * 40,)], terminal=True, width=30)[1:] == ["x" * 30, "x" * 10]


def test_text_of_others_cannot_leave_its_cell() -> None:
    assert table((Column("WHAT"), Column("BY")), [("a\x1b[2J\nb", "ann")], terminal=False)[1] == "a b   ann"


def test_fields_have_their_values_in_one_column() -> None:
    assert fields([("Image", "a"), ("", "b"), ("Made at", "")]) == [
        "       Image:   a",
        "                b",
        "       Made at:",
    ]


def test_a_terminal_leaves_out_what_is_empty_in_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("Image", "a"), ("Links", "-"), ("Memory", ""), ("Verified", None), ("Restarts", 0)]
    whole = ["       Image:     a", "       Links:     -", "       Memory:", "       Verified:", "       Restarts:  0"]
    assert report(rows, 10) == whole
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert report(rows, 10) == [whole[0], whole[-1]]
    assert report(rows, 10, whole=True) == whole
