"""Durable files: whole or not at all, and never through a link that somebody else made."""

from __future__ import annotations

import os


def write_atomic(path: str, data: bytes, *, mode: int = 0o600) -> None:
    """Replace a file's content: temporary file, fsync, rename, fsync of the directory. On an error the old content stays."""
    directory = os.path.dirname(path)
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        fd = open_own(temporary, os.O_WRONLY | os.O_EXCL, mode)
    except FileExistsError:  # left by a killed process that had our pid
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
    """Make `target` another name of the file `source`, replacing what it was; at every moment it exists. Raises
    FileNotFoundError when there is no source."""
    try:
        os.link(source, temporary)
    except FileExistsError:  # left by a killed process
        os.unlink(temporary)
        os.link(source, temporary)
    os.replace(temporary, target)
    # Two names of one file are both left as they are (rename(2)).
    try:
        os.unlink(temporary)
    except FileNotFoundError:
        pass


def open_own(path: str, flags: int, mode: int) -> int:
    """Open a file, made when missing, that belongs to whom its directory belongs to: what root leaves behind in the
    state must not be what the next push cannot write. Follows no link."""
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
    """Make a directory and its missing parents, each with this mode."""
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
