"""Reports of all plugins leave out what is empty on a terminal, and print every line elsewhere, as Dokku does."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy.host import Host
from dokkupy_sdk.testing import fake_host

from tests.distributions.populated import populate
from tests.distributions.test_wire_formats import command_line
from tests.distributions.test_wrong_values import PLUGINS

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
    host: Host = fake_host(tmp_path / "disk" / "dokkupy", plugins=PLUGINS, real=("source",))
    run = command_line(host, capsys, monkeypatch)
    populate(host, monkeypatch, tmp_path)
    capsys.readouterr()
    for call, has_verbose in CALLS.items():
        whole = [line for line in run(*call.split())[1].splitlines() if not line.startswith("=====>")]
        with monkeypatch.context() as patched:
            patched.setattr("dokkupy_sdk.table.on_terminal", lambda: True)
            patched.setattr("dokkupy_apps.settings.property_commands.on_terminal", lambda: True)
            shown = [line for line in run(*call.split())[1].splitlines() if not line.startswith("=====>")]
            verbose = run(*call.split(), "--verbose")[1].splitlines() if has_verbose else whole
        empty = [line for line in whole if line.endswith((":", " -"))]
        assert shown == [line for line in whole if line not in empty] and shown, call
        assert {*whole} <= {*verbose}, call
