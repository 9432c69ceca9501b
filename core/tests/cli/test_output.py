"""Colour: who gets it, and that a program's bytes stay as they are."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from dokkupy.cli.main import report
from dokkupy.cli.output import Terminal, colorful
from dokkupy.errors import UserError
from dokkupy.host import Host


class Screen(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(
    ("environment", "on_terminal", "elsewhere"),
    [
        ({}, True, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"CLICOLOR": "0"}, False, False),
        ({"CLICOLOR": "1"}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"CLICOLOR_FORCE": "1", "CLICOLOR": "0"}, True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
    ],
)
def test_the_environment_says_who_gets_colours(
    environment: dict[str, str], on_terminal: bool, elsewhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (colorful(Screen(terminal=True)), colorful(Screen(terminal=False))) == (on_terminal, elsewhere)


def written(tmp_path: Path, *, terminal: bool) -> tuple[str, str]:
    """The two streams of a console after one line of each kind, and its log."""
    out = Terminal()
    out.stdout, out.stderr, out.log = Screen(terminal=terminal), Screen(terminal=terminal), io.StringIO()
    out.section("Building blog")
    out.title("blog is live")
    out.detail("-----> no mark of ours")
    out.warn("The disk is nearly full")
    assert report(UserError("There is no app blgo", hint="apps:list"), Host(str(tmp_path), out=out)) == 1
    return out.stdout.getvalue() + out.stderr.getvalue(), out.log.getvalue()


PLAIN = (
    "-----> Building blog\n=====> blog is live\n       -----> no mark of ours\n"
    " !     The disk is nearly full\n !     There is no app blgo\n !     apps:list\n"
)


def test_without_a_terminal_lines_have_no_colours(tmp_path: Path) -> None:
    assert written(tmp_path, terminal=False) == (PLAIN, PLAIN)


def test_a_terminal_has_marks_in_colour_and_the_log_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    shown, log = written(tmp_path, terminal=True)
    assert shown == (
        "\x1b[36m----->\x1b[0m Building blog\n\x1b[1m=====>\x1b[0m blog is live\n       -----> no mark of ours\n"
        "\x1b[33m !    \x1b[0m The disk is nearly full\n"
        "\x1b[31m !    \x1b[0m There is no app blgo\n\x1b[31m !    \x1b[0m apps:list\n"
    )
    assert log == PLAIN


@pytest.mark.parametrize(("kind", "shows"), [("xterm", True), ("dumb", False)])
def test_a_terminal_that_cannot_delete_a_line_has_no_live_progress(
    monkeypatch: pytest.MonkeyPatch, kind: str, shows: bool
) -> None:
    monkeypatch.setenv("TERM", kind)
    out, screen = Terminal(), Screen(terminal=True)
    monkeypatch.setattr(out, "stderr", screen)
    out.progress("Checking web.1 0.3 s")
    assert (screen.getvalue() == "\r\x1b[KChecking web.1 0.3 s") is shows and bool(screen.getvalue()) is shows
