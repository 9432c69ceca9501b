"""The script that passes signals on, without an engine."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from dokkupy_docker.command import passing

pytestmark = pytest.mark.unit


def test_a_stop_signal_that_comes_before_the_command_is_started_ends_the_script_without_it(tmp_path: Path) -> None:
    early = tmp_path / "env"  # the script asks it for an option just before it starts the command
    early.write_text("#!/bin/sh\nkill -TERM $PPID\n")
    early.chmod(0o755)
    run = subprocess.run(
        [*passing("/bin/sh"), "echo", "started"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (128 + signal.SIGTERM, "", "")


def test_script_exits_with_the_exit_code_of_the_command() -> None:
    run = subprocess.run(
        [*passing("/bin/sh"), "sh", "-c", "echo out; exit 7"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (7, b"out\n", b"")
