"""Files that an app's configuration refers to: whether they exist, and whether they changed."""

from __future__ import annotations

import os
import re

ERROR_PAGE = re.compile(rb"^\s*error_page\s", re.MULTILINE)


def sorted_confs(directory: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(directory) if name.endswith(".conf"))
    except (FileNotFoundError, NotADirectoryError):
        return []


def has_conf(directory: str) -> bool:
    return bool(sorted_confs(directory))


def has_error_page(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return ERROR_PAGE.search(file.read()) is not None
    except OSError:
        return False  # nginx itself will report the fault


def state_of(path: str) -> str:
    """A file's path with its time, size and inode, so that a renewed certificate is a change."""
    try:
        found = os.stat(path)
    except OSError:
        return f"{path} missing"
    return f"{path} {found.st_mtime_ns:x}-{found.st_size}-{found.st_ino}"
