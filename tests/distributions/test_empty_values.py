"""Reports of all plugins leave out what is empty on a terminal, and print every line elsewhere, as Dokku does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.distributions.populated import typed_where_all_is

CALLS = {
    "backups:report redis:cache": True,
    "builds:info blog": False,
    "network:info shared": False,
    "redis:info cache": True,
    "ps:report blog": True,
    "storage:info data": False,
}
"""Calls -> whether they have `--verbose`."""


def test_a_terminal_shows_no_empty_value_and_programs_get_all_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = typed_where_all_is(tmp_path, capsys, monkeypatch)
    for call, has_verbose in CALLS.items():
        whole = [line for line in run(*call.split())[1].splitlines() if not line.startswith("=====>")]
        with monkeypatch.context() as patched:
            patched.setattr("dokkupy_sdk.table.on_terminal", lambda: True)
            patched.setattr("dokkupy_apps.settings.property_commands.on_terminal", lambda: True)
            shown = [line for line in run(*call.split())[1].splitlines() if not line.startswith("=====>")]
            verbose = run(*call.split(), "--verbose")[1].splitlines() if has_verbose else whole
        empty = [line for line in whole if line.endswith((":", " -"))]
        assert columns(shown) == columns([line for line in whole if line not in empty]) and shown, call
        assert {*columns(whole)} <= {*columns(verbose)}, call


def columns(lines: list[str]) -> list[str]:
    """Lines without the width of their columns: on a terminal a long label moves the values."""
    return [" ".join(line.split()) for line in lines]
