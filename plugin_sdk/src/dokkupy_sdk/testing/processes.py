"""Processes of this machine, for tests in which they stand for those of a container."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path


def is_running(pid: int) -> bool:
    """Whether the process has not ended. One that ended, and for which its parent has not waited yet, does not run."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        # The second: it ended after its file was opened.
        return False


def children(pid: int) -> list[int]:
    """The processes that the threads of this process started. None if it has ended."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def descendants(pid: int) -> Iterator[int]:
    """The children of the process, their children and so on."""
    for child in children(pid):
        yield child
        yield from descendants(child)


def with_argument(text: str) -> list[int]:
    """The processes that have this among their arguments."""
    found: list[int] = []
    for number in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/cmdline", "rb") as file:
                if text.encode() in file.read():
                    found.append(int(number))
        except OSError:
            pass  # it ended meanwhile
    return found


def session_leader(mark: str) -> int:
    """The first process of a session with this argument, and not what waits for it; 0 when there is none."""
    return next((pid for pid in with_argument(mark) if os.getsid(pid) == pid), 0)


def killed_at(number: int, do: Callable[[], object]) -> bool:
    """Do it in a process that is killed at this failpoint; whether it was, or had ended before."""
    from dokkupy.kernel import failpoints

    child = os.fork()
    if child == 0:
        os.environ["DOKKUPY_FAILPOINT"] = f"kill@{number}"
        try:
            failpoints._passed = 0
            do()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def all_end(text: str, seconds: float = 60) -> bool:
    """Whether the processes with this argument are gone, at the latest after so many seconds."""
    end = time.monotonic() + seconds
    while with_argument(text) and time.monotonic() < end:
        time.sleep(0.05)
    return with_argument(text) == []
