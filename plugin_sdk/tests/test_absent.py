"""A command that nobody has: the error names the plugin that has it."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest
from dokkupy.cli.main import main
from dokkupy.cli.unknown import UnknownCommand
from dokkupy.host import Host
from dokkupy.kernel.discovery import EntryPoint
from dokkupy.kernel.registry import Registry
from dokkupy_sdk.absent import name_plugin

TOOL = EntryPoint("dokkupy.commands", "tool", "nowhere:group", "dokkupy-box", "1", "")
ABSENT = EntryPoint("dokkupy.corrections", "absent", "dokkupy_sdk.absent:name_plugin", "dokkupy-sdk", "1", "")


def test_a_disabled_plugin_that_has_it_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    host = Host(str(tmp_path), registry=Registry([ABSENT, TOOL], disabled=["box"]))
    assert main(["tool:do"], host=host) == 1
    shown = capsys.readouterr().err
    assert "`tool:do` is not a dokku command" in shown
    assert "the plugin box, which is disabled: dokkupy plugin:enable box" in shown


def test_missing_distributions_of_the_project_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def distribution(name: str) -> None:
        if name == "dokkupy-box":
            raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["dokkupy-core==1", "dokkupy-box==1"])
    monkeypatch.setattr(importlib.metadata, "distribution", distribution)
    host = Host(str(tmp_path), registry=Registry([TOOL]))
    error = UnknownCommand("other", host)
    assert name_plugin(host, ["other"], error) == []
    assert "a part of dokkupy: dokkupy-box" in error.hint and "-m pip install dokkupy-box" in error.hint
