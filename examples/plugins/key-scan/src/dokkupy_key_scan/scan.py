"""Finds private keys in a tree, which is untrusted: links are not followed, and no more than a few bytes are read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from dokkupy_sdk.errors import AppError
from dokkupy_sdk.files import read_text

KEY = re.compile(r"-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----")
LARGEST = 64 * 1024
"""Bytes of a file that is read; keys are far smaller."""


def private_keys(directory: Path) -> Iterator[str]:
    """Their paths below the directory, in order."""
    for folder, folders, names in os.walk(directory):
        folders[:] = sorted(set(folders) - {".git", "node_modules"})
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), directory)
            if is_private_key(directory, path):
                yield path


def is_private_key(directory: Path, path: str) -> bool:
    try:
        return bool(KEY.match((read_text(directory, path, limit=LARGEST) or "").lstrip()))
    except AppError:  # a link, a large file, or one that is no text
        return False
