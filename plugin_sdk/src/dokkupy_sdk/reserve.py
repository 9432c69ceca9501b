"""Room on the disk of the state for what gives room back: files that a destruction uses up when the disk is full.

Each change writes a journal and state first, also one that frees space. The timer fills the reserve again.
"""

from __future__ import annotations

import os
from contextlib import suppress

from dokkupy_sdk.files import make_directory, open_own

NAME = "reserve"
FILES, BYTES = 32, 16384
"""Number and size of the files: inodes may be missing as well as bytes."""

LOW, ENOUGH = 1 << 20, 64 << 20
"""Bytes that are free when the reserve is used, and when it is filled."""


def use_reserve(root: str) -> None:
    """Delete the reserve if the disk of the state is full."""
    directory = os.path.join(root, NAME)
    if os.path.isdir(directory) and is_full(os.statvfs(root)):
        for name in os.listdir(directory):
            with suppress(OSError):
                os.unlink(os.path.join(directory, name))


def is_full(facts: os.statvfs_result) -> bool:
    return facts.f_bavail * facts.f_frsize < LOW or (facts.f_files > 0 and facts.f_favail < FILES)


def fill_reserve(root: str) -> None:
    """Create what is missing of the reserve, unless the disk is nearly full."""
    directory, facts = os.path.join(root, NAME), os.statvfs(root)
    if facts.f_bavail * facts.f_frsize < ENOUGH or (facts.f_files and facts.f_favail < 4 * FILES):
        return
    with suppress(OSError):  # the disk is as full now
        make_directory(directory)
        if len(os.listdir(directory)) == FILES:
            return
        for number in range(FILES):
            descriptor = open_own(os.path.join(directory, str(number)), os.O_WRONLY, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, BYTES)
            finally:
                os.close(descriptor)


__all__ = ["fill_reserve", "use_reserve"]
