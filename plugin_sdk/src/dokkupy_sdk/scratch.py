"""Scratch directories, which are removed soon after their process ends, because they hold secrets for programs to read."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager

from dokkupy.kernel.files import make_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO


@contextmanager
def scratch_directory(parent: str) -> Iterator[str]:
    """A new directory that only the current user can read, and that is removed at the end.

    It is locked while it is in use. The kernel releases the lock of a killed process, and the next process removes
    directories without a lock. `parent` may hold nothing but scratch directories.
    """
    import shutil

    make_directory(parent)
    with locked(parent):
        sweep(parent)
        path = os.path.join(parent, os.urandom(8).hex())
        os.mkdir(path, 0o700)
        held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(held, fcntl.LOCK_EX)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(held)


def unnamed_file(directory: str | None = None) -> IO[bytes]:
    """A temporary file without a name, which disappears when it is closed. directory: by default that of all temporary files."""
    import tempfile  # many commands import this module, and few make a temporary file

    if directory is not None:
        make_directory(directory)
    return tempfile.TemporaryFile(dir=directory)


@contextmanager
def locked(directory: str) -> Iterator[None]:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def sweep(parent: str) -> None:
    import shutil

    for entry in os.scandir(parent):
        if not entry.is_dir(follow_symlinks=False):
            continue
        try:
            fd = os.open(entry.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(entry.path, ignore_errors=True)
        except BlockingIOError:
            pass  # in use
        finally:
            os.close(fd)


def sweep_old(directory: str, before: float) -> int:
    """Remove what programs left here and have not changed since `before`. Returns the number of removed entries."""
    import shutil

    count = 0
    for entry in os.scandir(directory):
        try:
            if entry.stat(follow_symlinks=False).st_mtime >= before:
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
        except OSError:
            continue  # it belongs to another user, or is already gone
        count += 1
    return count


def day_ago_or_boot() -> float:
    """A time before which no running program can have created a temporary file that it still uses."""
    boot = 0.0
    with open("/proc/stat", encoding="ascii") as file:
        for line in file:
            if line.startswith("btime "):
                boot = float(line.split()[1])
    return max(boot, time.time() - 86400)
