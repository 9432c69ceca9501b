"""Durable files: written whole or not at all, and never through someone else's link; the lines that are added to them."""

from __future__ import annotations

import os
import time

from dokkupy.errors import HostError

DISK = {
    **dict.fromkeys((28, 122), "Free some disk space or inodes: dokkupy doctor says on which disk, and how."),
    30: "Its disk is mounted read-only, as a disk is after it failed: see dmesg, then mount -o remount,rw DIRECTORY",
    5: "Its disk fails: see dmesg, and copy what it has to another one.",
}


def unwritable(error: OSError, what: str = "") -> HostError:
    """The error of a file whose disk is full, over a quota, mounted read-only or broken. what: names it if it was written."""
    verb = "written" if what or error.errno != 5 else "read or written"
    text = f"{what or error.filename or 'A file'} cannot be {verb}: {error.strerror}"
    return HostError(text, hint=DISK.get(error.errno or 0, ""), code="disk_full" if error.errno in (28, 122) else None)


def write_atomic(path: str, data: bytes, *, mode: int = 0o600) -> None:
    """Replace a file's content: temporary file, fsync, rename, fsync of the directory. An error leaves the old content."""
    directory = os.path.dirname(path)
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        fd = open_own(temporary, os.O_WRONLY | os.O_EXCL, mode)
    except FileExistsError:  # left by a killed process with the same pid
        os.unlink(temporary)
        fd = open_own(temporary, os.O_WRONLY | os.O_EXCL, mode)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(temporary, path)
    except BaseException:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise
    sync_directory(directory)


def link_over(source: str, target: str, temporary: str) -> None:
    """Make `target` a hard link to `source`, replacing what it was without a moment in which it does not exist. Raises
    FileNotFoundError when `source` does not exist."""
    try:
        os.link(source, temporary)
    except FileExistsError:  # left by a killed process
        os.unlink(temporary)
        os.link(source, temporary)
    os.replace(temporary, target)
    # If both are already links to one file, rename(2) leaves `temporary` in place.
    try:
        os.unlink(temporary)
    except FileNotFoundError:
        pass


def open_own(path: str, flags: int, mode: int) -> int:
    """Open a file, and create it if it is missing. It gets the owner of its directory, because the next push must be able
    to write what root created in the state. Follows no link."""
    fd = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    if os.geteuid() == 0:
        owner = os.stat(os.path.dirname(path))
        if os.fstat(fd).st_uid != owner.st_uid:
            os.fchown(fd, owner.st_uid, owner.st_gid)
    return fd


def sync_directory(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_directory(path: str, mode: int = 0o700) -> None:
    """Create a directory and its missing parents, each with this mode."""
    if not os.path.isdir(path):
        parent = os.path.dirname(path)
        if parent != path:
            make_directory(parent, mode)
        try:
            os.mkdir(path, mode)
        except FileExistsError:
            return
        if os.geteuid() == 0:
            owner = os.stat(parent)
            os.chown(path, owner.st_uid, owner.st_gid)


def write_whole(fd: int, line: bytes) -> None:
    """Append a line, or raise OSError and append nothing."""
    before = os.fstat(fd).st_size
    written = 0
    try:
        written = os.write(fd, line)
        if written != len(line):
            raise OSError(28, "No space left on device")
    except OSError:
        if written:
            os.ftruncate(fd, before)
        raise


def stamp() -> str:
    """The current time in UTC (RFC 3339), the format of all records."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
