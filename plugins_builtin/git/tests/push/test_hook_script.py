"""The script of the hook: it hands over its process, and its status is that of who answers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from dokkupy_git.push import hook_script
from dokkupy_git.repository import program
from dokkupy_sdk.testing import fake_host


def test_script_of_another_version_is_replaced(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    directory = Path(hook_script.hooks_directory(host))
    (directory / "pre-receive").touch()
    (directory / "proc-receive").write_text("#!/old/dokkupy git-hook-entry\n")
    assert hook_script.hooks_directory(host) == str(directory)
    assert [one.name for one in directory.iterdir()] == ["proc-receive"]
    assert (directory / "proc-receive").read_text() == hook_script.SCRIPT
    assert (directory / "proc-receive").stat().st_mode & 0o777 == 0o700


def test_hook_names_its_process_and_fails_unless_it_is_answered(tmp_path: Path) -> None:
    script = Path(hook_script.hooks_directory(fake_host(tmp_path)), "proc-receive")
    for answer, status in ((b"\n", 0), (b"", 1)):
        (begun, hook_begins), (hook_waits, ended) = os.pipe(), os.pipe()
        env = {program.BEGUN: str(hook_begins), program.ENDED: str(hook_waits)}
        process = subprocess.Popen([str(script)], env=env, pass_fds=(hook_begins, hook_waits))
        assert int(os.read(begun, 32)) == process.pid
        os.write(ended, answer)
        os.close(ended)
        assert process.wait(60) == status
        for descriptor in (begun, hook_begins, hook_waits):
            os.close(descriptor)


def test_hook_without_an_endpoint_fails(tmp_path: Path) -> None:
    script = Path(hook_script.hooks_directory(fake_host(tmp_path)), "proc-receive")
    assert subprocess.run([str(script)], env={}, capture_output=True, check=False).returncode != 0
