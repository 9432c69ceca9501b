"""How dokkupy starts itself."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from dokkupy.kernel.spawn import own_argv

BY_INTERPRETER = [sys.executable, "-I", "-m", "dokkupy"]


def started_by(path: Path | str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Its argv where this file is the main one of the process."""
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(__file__=str(path)))
    return own_argv()


def test_launcher_of_this_process_starts_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = tmp_path / "dokkupy"
    launcher.write_text("#!/usr/bin/python3 -IS\n")
    launcher.chmod(0o755)
    assert started_by(launcher, monkeypatch) == [str(launcher)]


def test_without_a_launcher_the_interpreter_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, other = tmp_path / "__main__.py", tmp_path / "pytest"
    module.touch()
    other.touch(0o755)
    assert started_by(module, monkeypatch) == started_by(other, monkeypatch) == BY_INTERPRETER


def test_relative_path_is_not_looked_up_in_another_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dokkupy").touch(0o755)
    monkeypatch.chdir(tmp_path)
    assert started_by("dokkupy", monkeypatch) == BY_INTERPRETER
