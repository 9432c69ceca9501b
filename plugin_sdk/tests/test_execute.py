"""Programs run by argument list: their lines as they come, and signals while they are silent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from dokkupy.kernel.signals import SignalReceived, signals_as_exceptions
from dokkupy_sdk.execute import reader_leaves, stream


def shell(text: str) -> list[str]:
    return ["/bin/sh", "-c", text]


@pytest.mark.parametrize(
    ("printed", "seen"),
    [
        ("a\\nb\\n", ["a", "b"]),
        ("a\\n\\nb", ["a", "", "b"]),
        ("a\\r\\nb\\rc\\n", ["a", "b\rc"]),
        ("\\377\\n", ["\ufffd"]),
        ("", []),
    ],
)
def test_lines_come_without_their_ends(printed: str, seen: list[str]) -> None:
    found: list[str] = []
    assert stream(["/usr/bin/printf", printed], found.append) == 0
    assert found == seen


def test_line_longer_than_a_pipe_comes_whole_and_both_streams_are_one() -> None:
    found: list[str] = []
    assert stream(shell("head -c 300000 /dev/zero | tr '\\0' x; echo; echo error >&2; exit 3"), found.append) == 3
    assert found == ["x" * 300000, "error"]


def test_caller_can_begin_other_work_once_the_program_runs(tmp_path: Path) -> None:
    go = tmp_path / "go"
    seen: list[str] = []
    wait = f"while [ ! -e {go} ]; do sleep 0.01; done; echo done"
    assert stream(["sh", "-c", wait], seen.append, begun=go.touch) == 0
    assert seen == ["done"]


def test_signal_that_interrupts_no_system_call_ends_a_silent_program(tmp_path: Path) -> None:
    """Python's handler runs once the main thread is back from its system call. Here the signal reaches another thread,
    so that it interrupts none, as when it comes in the instant before the call."""
    started, late = threading.Event(), tmp_path / "late"

    def send() -> None:
        started.wait()
        signal.pthread_kill(threading.get_ident(), signal.SIGHUP)

    sender = threading.Thread(target=send)
    sender.start()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        with pytest.raises(SignalReceived, match="SIGHUP"), signals_as_exceptions():
            stream(shell(f"echo started; sleep 5; touch {late}"), lambda _line: started.set())
    finally:
        sender.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert not late.exists()


def test_signal_pipe_and_handlers_are_as_before_afterwards() -> None:
    fds = len(os.listdir("/proc/self/fd"))
    with pytest.raises(RuntimeError):
        stream(shell("echo a; sleep 60"), lambda _line: raising())
    assert len(os.listdir("/proc/self/fd")) == fds
    assert signal.set_wakeup_fd(-1) == -1


def raising() -> None:
    raise RuntimeError("the reader gave up")


@pytest.mark.parametrize(
    ("waits", "status"),
    [
        ("exit(not reader_leaves(1, 60))", 0),
        ("with ending_with_reader(1): signal.pause()", -signal.SIGHUP),
        ("with ending_with_reader(1): pass\nexit(not reader_leaves(1, 60))", 0),
    ],
)
def test_who_prints_nothing_for_long_ends_with_the_reader(waits: str, status: int) -> None:
    code = f"import signal; from dokkupy_sdk.execute import *; print('ready', flush=True)\n{waits}"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        child.stdout.close()
        assert child.wait(60) == status


def test_waiting_for_a_reader_that_stays_ends_in_time() -> None:
    ends = os.pipe()
    assert not reader_leaves(ends[1], 0.01)
    for end in ends:
        os.close(end)
