"""Scratch directories that do not outlive their process for long: secrets lie in them while a program reads them."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from dokkupy.kernel.files import make_directory


@contextmanager
def scratch_directory(parent: str) -> Iterator[str]:
    """A new directory that only we can read, removed at the end.

    It is locked while it is used, and the kernel gives the lock of a killed process back: whoever comes next removes
    what nobody holds. `parent` is for scratch directories alone.
    """
    make_directory(parent)
    with locked(parent):
        sweep(parent)
        path = tempfile.mkdtemp(dir=parent)
        held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(held, fcntl.LOCK_EX)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(held)


def unnamed_file(directory: str | None = None) -> IO[bytes]:
    """A temporary file without a name, gone with its last user. directory: by default, where programs put theirs."""
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
    """Remove what programs left here and did not change since `before`; returns how many entries went."""
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
            continue  # another user's, or gone meanwhile
        count += 1
    return count


def day_ago_or_boot() -> float:
    """A moment before which no living program can have made a temporary file that it still uses."""
    boot = 0.0
    with open("/proc/stat", encoding="ascii") as file:
        for line in file:
            if line.startswith("btime "):
                boot = float(line.split()[1])
    return max(boot, time.time() - 86400)
