"""A command that nobody has: the error names the reason and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy.cli.main import main
from dokkupy.cli.unknown import UnknownCommand
from dokkupy.host import Host
from dokkupy.kernel.discovery import EntryPoint
from dokkupy.kernel.registry import Registry

CORE = EntryPoint("dokkupy.hookspecs", "core", "dokkupy.hookspecs", "dokkupy-core", "1", "")


@pytest.mark.parametrize(
    ("path", "name"), [("/usr/local/bin/dokkupy", "dokkupy"), ("dokku", "dokku"), ("sshd", "dokku")]
)
def test_messages_have_the_name_by_which_the_program_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: str, name: str
) -> None:
    monkeypatch.setattr("sys.argv", [path])
    host = Host(str(tmp_path), registry=Registry([CORE]))
    assert main(["tool:do"], host=host) == 1
    assert f"is not a {name} command.\n" in capsys.readouterr().err


def test_without_plugins_the_error_says_how_to_install_them(tmp_path: Path) -> None:
    hint = UnknownCommand("setup", Host(str(tmp_path), registry=Registry([CORE]))).hint
    assert hint.startswith("No plugin is installed") and hint.endswith("-m pip install dokkupy")
