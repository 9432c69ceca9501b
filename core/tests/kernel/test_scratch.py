"""Scratch directories."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from dokkupy.kernel.scratch import scratch_directory

HOLD = """
import sys, time
from dokkupy.kernel.scratch import scratch_directory
with scratch_directory(sys.argv[1]) as path:
    print(path, flush=True)
    time.sleep(60)
"""


def test_directory_is_private_and_goes_at_the_end_also_of_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError), scratch_directory(str(tmp_path / "scratch")) as path:
        assert os.stat(path).st_mode & 0o077 == 0
        raise ValueError
    assert os.listdir(tmp_path / "scratch") == []


def test_what_a_killed_process_left_goes_with_the_next_and_what_is_used_stays(tmp_path: Path) -> None:
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
