"""The script of the hook: what it starts, and that the launcher finds the entry."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from dokkupy_git.push import hook, hook_script
from dokkupy_sdk.testing import fake_host


def started_by(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The program of the hook, where this file is the main one of the process."""
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(__file__=str(path)))
    return hook_script.program()


def test_hook_starts_the_launcher_of_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = tmp_path / "dokkupy"
    launcher.write_text("#!/usr/bin/python3 -IS\n")
    launcher.chmod(0o755)
    assert started_by(launcher, monkeypatch) == [str(launcher)]


def test_without_a_launcher_the_hook_starts_the_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "__main__.py"
    module.touch()
    assert started_by(module, monkeypatch) == [sys.executable, "-I", "-m", "dokkupy"]
    other = tmp_path / "pytest"
    other.touch(0o755)
    assert started_by(other, monkeypatch) == [sys.executable, "-I", "-m", "dokkupy"]


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["/usr/local/bin/dokkupy"], "#!/usr/local/bin/dokkupy git-hook-entry\n"),
        (["/opt/my apps/dokkupy"], "#!/bin/sh\nexec '/opt/my apps/dokkupy' git-hook-entry\n"),
        (["/" + "x" * 200], f"#!/bin/sh\nexec /{'x' * 200} git-hook-entry\n"),
        (["/bin/python3", "-I", "-m", "dokkupy"], "#!/bin/sh\nexec /bin/python3 -I -m dokkupy git-hook-entry\n"),
    ],
)
def test_script_is_a_shebang_where_linux_takes_it(argv: list[str], text: str) -> None:
    assert hook_script.script(argv) == text


def test_launcher_finds_the_entry(tmp_path: Path) -> None:
    registry = fake_host(tmp_path, plugins=("git",)).registry
    entry = registry.find("dokkupy.entries", hook_script.ENTRY)
    assert entry is not None
    assert registry.load(entry) is hook.run


def test_script_that_starts_another_program_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = fake_host(tmp_path)
    monkeypatch.setattr(hook_script, "program", lambda: ["/old/dokkupy"])
    directory = Path(hook_script.hooks_directory(host))
    (directory / "pre-receive").touch()
    monkeypatch.setattr(hook_script, "program", lambda: ["/new/dokkupy"])
    assert hook_script.hooks_directory(host) == str(directory)
    assert [one.name for one in directory.iterdir()] == ["proc-receive"]
    assert (directory / "proc-receive").read_text() == "#!/new/dokkupy git-hook-entry\n"
    assert (directory / "proc-receive").stat().st_mode & 0o777 == 0o700
