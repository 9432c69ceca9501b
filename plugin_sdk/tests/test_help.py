"""`help`: which name it shows, and what it shows for one command."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_sdk.entry import main
from dokkupy_sdk.testing import fake_host

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("path", "name"), [("/usr/local/bin/dokkupy", "dokkupy"), ("dokku", "dokku"), ("sshd", "dokku")]
)
def test_the_usage_has_the_name_by_which_the_program_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: str, name: str
) -> None:
    monkeypatch.setattr("sys.argv", [path])
    assert main(["help"], host=fake_host(tmp_path)) == 0
    assert capsys.readouterr().out.startswith(f"Usage: {name} [")


@pytest.mark.parametrize("words", [["help", "--help"], ["help", "help:command"], ["help:command", "--help"]])
def test_a_command_has_a_help_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(words, host=fake_host(tmp_path)) == 0
    assert "Usage: dokku help" in capsys.readouterr().out


def test_help_is_there_whatever_the_allowlist_of_plugins_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOKKUPY_PLUGINS", "none")
    assert main(["version", "--help"], host=fake_host(tmp_path)) == 0
    assert "Usage: dokku version" in capsys.readouterr().out
