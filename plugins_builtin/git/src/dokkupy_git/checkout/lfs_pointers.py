"""Finds pointer files of Git LFS, whose content is on another server and therefore missing in a build."""

from __future__ import annotations

import os
from pathlib import Path

FIRST_LINE = b"version https://git-lfs.github.com/spec/v1\n"
LARGEST = 1023
"""In bytes. A pointer is smaller (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md)."""

SHOWN = 3
"""The number of names in the warning."""


def pointers(directory: Path) -> list[str]:
    """The paths of the pointer files below a directory, sorted. No link is followed."""
    found: list[str] = []
    waiting = [str(directory)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != ".git":
                        waiting.append(entry.path)
                elif entry.is_file(follow_symlinks=False) and is_pointer(entry):
                    found.append(os.path.relpath(entry.path, directory))
    return sorted(found)


def is_pointer(entry: os.DirEntry[str]) -> bool:
    if not len(FIRST_LINE) < entry.stat(follow_symlinks=False).st_size <= LARGEST:
        return False
    try:
        descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return os.read(descriptor, len(FIRST_LINE)) == FIRST_LINE
    finally:
        os.close(descriptor)


def warning(paths: list[str]) -> str:
    """A warning that names them; empty if there are none."""
    if not paths:
        return ""
    names = ", ".join(ascii(path)[1:-1] for path in paths[:SHOWN])
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    what = "is a Git LFS pointer" if len(paths) == 1 else "are Git LFS pointers"
    return (
        f"{names}{more} {what}: the app gets the pointers instead of the content. Commit the "
        "files themselves (git lfs migrate export)"
    )
