"""Scratch directories."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from dokkupy.kernel.session import keep_temporary_files_in
from dokkupy_sdk.execute import execute
from dokkupy_sdk.scratch import scratch_directory

HOLD = """
import sys, time
from dokkupy_sdk.scratch import scratch_directory
with scratch_directory(sys.argv[1]) as path:
    print(path, flush=True)
    time.sleep(60)
"""


def test_a_scratch_directory_is_private_and_removed_even_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError), scratch_directory(str(tmp_path / "scratch")) as path:
        assert os.stat(path).st_mode & 0o077 == 0
        raise ValueError
    assert os.listdir(tmp_path / "scratch") == []


def test_the_next_process_removes_unused_scratch_directories(tmp_path: Path) -> None:
    parent = str(tmp_path / "scratch")
    processes = [
        subprocess.Popen([sys.executable, "-c", HOLD, parent], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    paths = [process.stdout.readline().strip() for process in processes if process.stdout]
    try:
        processes[0].send_signal(signal.SIGKILL)
        processes[0].wait()
        with scratch_directory(parent):
            assert not os.path.exists(paths[0])
            assert os.path.exists(paths[1])
    finally:
        for process in processes:
            process.kill()
            process.wait()


SHOW = "import os, tempfile; print(os.environ.get('TMPDIR'), tempfile.gettempdir())"


def test_programs_put_their_temporary_files_below_the_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/somewhere/of/the/administrator")
    keep_temporary_files_in(str(tmp_path))
    place = str(tmp_path / "tmp" / "children")
    assert execute([sys.executable, "-c", SHOW]).stdout.split() == [place, place]
    assert os.stat(place).st_mode & 0o777 == 0o700


def test_before_there_is_a_state_programs_use_the_system_s_own_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", "")
    keep_temporary_files_in(str(tmp_path / "not" / "yet"))
    assert execute([sys.executable, "-c", SHOW]).stdout.split()[0] == "None"
    assert not (tmp_path / "not").exists()
