"""Locks: who changes what right now. Held by a living process, never left behind by a dead one.

A lock is an flock on a file; the kernel gives it back when its holder dies, however it dies. Its holder removes the file
before it lets go, so that nothing stays of a subject that is gone. Whoever opened the file before that gets a lock on
nothing, sees that the path leads elsewhere, and opens it again. The file's content only says who holds it.
"""

from __future__ import annotations

import fcntl
import json
import os
import time

from dokkupy.errors import Busy
from dokkupy.kernel.files import make_directory, open_own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Lock:
    """One held lock; release() or the end of the process gives it back."""

    def __init__(self, fd: int, subject: str, path: str) -> None:
        self._fd = fd
        self._path = path
        self.subject = subject

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        if self._fd < 0:
            return
        try:
            if is_at(self._fd, self._path):
                os.unlink(self._path)
        except OSError:
            pass  # the file stays, and nobody holds it
        os.close(self._fd)
        self._fd = -1


def is_at(fd: int, path: str) -> bool:
    """Whether the open file is the one at this path."""
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except FileNotFoundError:
        return False


def lock_path(root: str, subject: str) -> str:
    return os.path.join(root, "locks", subject.replace("/", "_").replace(":", "_") + ".lock")


def take(root: str, subject: str, *, owner: dict[str, Any], wait: float) -> Lock:
    """Take the lock of a subject (`app:blog`, `proxy`). Waits up to `wait` seconds; raises Busy naming the holder."""
    path = lock_path(root, subject)
    make_directory(os.path.dirname(path))
    deadline = time.monotonic() + wait
    pause = 0.005
    while (fd := locked_file(path)) is None:
        if time.monotonic() >= deadline:
            raise Busy(
                f"{subject} is being changed: {describe(holder(root, subject))}",
                hint="Wait for it to end, or end that process.",
            )
        time.sleep(pause)
        pause = min(pause * 2, 0.1)
    try:
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps(owner).encode(), 0)
    except OSError:
        pass  # a full disk: the lock holds all the same, only its holder is not recorded for others
    return Lock(fd, subject, path)


def locked_file(path: str) -> int | None:
    """The descriptor of the locked file at this path; None when another process holds it."""
    while True:
        fd = open_own(path, os.O_RDWR, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_at(fd, path):
                return fd
        except BlockingIOError:
            os.close(fd)
            return None
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)  # its holder removed it between our open and our lock


def holder(root: str, subject: str) -> dict[str, Any]:
    """Who holds a lock: command, pid, since (epoch seconds), operation; empty when nobody does."""
    try:
        fd = os.open(lock_path(root, subject), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return {}
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return {}  # we got it, so nobody holds it
        except BlockingIOError:
            try:
                found = json.loads(os.pread(fd, 4096, 0) or b"{}")
            except ValueError:
                found = {}
            return found if isinstance(found, dict) and found else {"command": "unknown"}
    finally:
        os.close(fd)


def describe(owner: dict[str, Any]) -> str:
    if not owner:
        return "its holder just let go"
    since = int(time.time() - float(owner.get("since", time.time())))
    return f"`{owner.get('command', '?')}` (process {owner.get('pid', '?')}, for {since} s)"
