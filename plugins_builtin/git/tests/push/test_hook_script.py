"""The script of the hook: what it starts, and that the launcher finds the entry."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_git.push import hook, hook_script
from dokkupy_sdk.testing import fake_host


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
    monkeypatch.setattr(hook_script, "own_argv", lambda: ["/old/dokkupy"])
    directory = Path(hook_script.hooks_directory(host))
    (directory / "pre-receive").touch()
    monkeypatch.setattr(hook_script, "own_argv", lambda: ["/new/dokkupy"])
    assert hook_script.hooks_directory(host) == str(directory)
    assert [one.name for one in directory.iterdir()] == ["proc-receive"]
    assert (directory / "proc-receive").read_text() == "#!/new/dokkupy git-hook-entry\n"
    assert (directory / "proc-receive").stat().st_mode & 0o777 == 0o700
