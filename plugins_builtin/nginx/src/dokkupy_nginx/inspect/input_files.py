"""Files that an app's configuration refers to: whether they exist, and whether they changed."""

from __future__ import annotations

import os


def sorted_confs(directory: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(directory) if name.endswith(".conf"))
    except (FileNotFoundError, NotADirectoryError):
        return []


def has_conf(directory: str) -> bool:
    return bool(sorted_confs(directory))


def state_of(path: str) -> str:
    """A file's path with its time, size and inode, so that a renewed certificate is a change."""
    try:
        found = os.stat(path)
    except OSError:
        return f"{path} missing"
    return f"{path} {found.st_mtime_ns:x}-{found.st_size}-{found.st_ino}"
