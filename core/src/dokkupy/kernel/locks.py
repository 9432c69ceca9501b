"""Locks: which process is changing what. A dead process never leaves a lock behind.

A lock is an flock on a file, which the kernel releases when its holder dies, however it dies. The holder removes the file
before it releases the lock, so that nothing remains of a subject that is gone. A process that opened the file before
then holds a lock on a removed file; it notices, because the path no longer leads to that file, and tries again. The
file's content only records who holds the lock.
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
    """A held lock. `release()` or the end of the process releases it."""

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
            pass  # the file remains, but nobody holds its lock
        os.close(self._fd)
        self._fd = -1


def is_at(fd: int, path: str) -> bool:
    """Whether the path still leads to the open file."""
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except FileNotFoundError:
        return False


def lock_path(root: str, subject: str) -> str:
    return os.path.join(root, "locks", subject.replace("/", "_").replace(":", "_") + ".lock")


def take(root: str, subject: str, *, owner: dict[str, Any], wait: float, what: str = "") -> Lock:
    """Take the lock of a subject (`app:blog`, `proxy`). Waits up to `wait` seconds, then raises Busy with the holder.

    what: the subject in words, if its name is not one that users know.
    """
    path = lock_path(root, subject)
    make_directory(os.path.dirname(path))
    deadline = time.monotonic() + wait
    pause = 0.005
    while (fd := locked_file(path)) is None:
        if time.monotonic() >= deadline:
            app = subject.removeprefix("app:")
            # Whoever may change an app may know who else does. A command on another subject may name any app.
            in_full = app != subject or not str(owner.get("who", "")).startswith("key:")
            raise Busy(
                f"{what or app} is being changed: {describe(holder(root, subject), in_full=in_full)}",
                hint=f"Wait for it to end; `builds:cancel {app}` cancels a build."
                if app != subject
                else "Wait for it to end, or end that process.",
            )
        time.sleep(pause)
        pause = min(pause * 2, 0.1)
    try:
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps(owner).encode(), 0)
    except OSError:
        pass  # the disk is full: the lock is held, but the others cannot see by whom
    return Lock(fd, subject, path)


def locked_file(path: str) -> int | None:
    """Lock the file at this path and return its descriptor; None if another process holds the lock."""
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
        os.close(fd)  # its holder removed the file after this process had opened it


def holder(root: str, subject: str) -> dict[str, Any]:
    """Who holds a lock: command, pid, since (epoch seconds), operation. Empty if nobody does."""
    try:
        fd = os.open(lock_path(root, subject), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return {}
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return {}  # the lock is free, because this process could take it
        except BlockingIOError:
            try:
                found = json.loads(os.pread(fd, 4096, 0) or b"{}")
            except ValueError:
                found = {}
            return found if isinstance(found, dict) and found else {"command": "unknown"}
    finally:
        os.close(fd)


def describe(owner: dict[str, Any], *, in_full: bool) -> str:
    """The holder of a lock, for messages. in_full: with its command, and who runs it."""
    if not owner:
        return "its holder has just released it"
    began = float(owner.get("since", time.time()))
    since = f"since {time.strftime('%H:%M:%S', time.gmtime(began))} UTC, for {int(time.time() - began)} s"
    who = str(owner.get("who", "")).removeprefix("key:")
    command = f"`{owner.get('command', '?')}`{f' by {who}' if who else ''}" if in_full else "another command"
    return f"{command} (process {owner.get('pid', '?')}, {since})"
