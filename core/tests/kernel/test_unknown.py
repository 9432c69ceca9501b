"""A command that nobody has: the error names the reason and the way out."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest
from dokkupy.cli.main import main
from dokkupy.cli.unknown import unknown
from dokkupy.host import Host
from dokkupy.kernel.discovery import EntryPoint
from dokkupy.kernel.registry import Registry

TOOL = EntryPoint("dokkupy.commands", "tool", "nowhere:group", "dokkupy-box", "1", "")
VERSION = EntryPoint("dokkupy.commands", "version", "dokkupy.cli.version:group", "dokkupy-core", "1", "")


def test_a_disabled_plugin_that_has_it_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    host = Host(str(tmp_path), registry=Registry([VERSION, TOOL], disabled=["box"]))
    assert main(["tool:do"], host=host) == 1
    shown = capsys.readouterr().err
    assert "`tool:do` is not a dokku command" in shown
    assert "the plugin box, which is disabled: dokkupy plugin:enable box" in shown


@pytest.mark.parametrize(
    ("path", "name"), [("/usr/local/bin/dokkupy", "dokkupy"), ("dokku", "dokku"), ("sshd", "dokku")]
)
def test_messages_have_the_name_by_which_the_program_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: str, name: str
) -> None:
    monkeypatch.setattr("sys.argv", [path])
    host = Host(str(tmp_path), registry=Registry([VERSION]))
    assert main(["tool:do"], host=host) == 1
    assert f"is not a {name} command.\n" in capsys.readouterr().err


def test_missing_distributions_of_the_project_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def distribution(name: str) -> None:
        if name == "dokkupy-box":
            raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["dokkupy-core==1", "dokkupy-box==1"])
    monkeypatch.setattr(importlib.metadata, "distribution", distribution)
    hint = unknown("tool", Host(str(tmp_path), registry=Registry([VERSION]))).hint
    assert "a part of dokkupy: dokkupy-box" in hint and "-m pip install dokkupy-box" in hint


def test_without_plugins_the_error_says_how_to_install_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def requires(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", requires)
    assert "-m pip install dokkupy" in unknown("setup", Host(str(tmp_path), registry=Registry([VERSION]))).hint
