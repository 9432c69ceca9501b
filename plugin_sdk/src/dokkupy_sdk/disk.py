"""What lies on the disk: how much of what, and what can be given back. The facts of the hooks `disk_usage` and `reclaimable`."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection

from dokkupy_sdk.values import dataclass

GARBAGE, CACHE, KEPT = "garbage", "cache", "kept"
"""Of no use any more; of use only to be faster next time; kept for a time in case that somebody wants it back."""


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Some of one kind of things. kind: plural, such as `images`. app: whose, empty for the host's. shared: those of the
    bytes that others use too, so that they stay when the app goes."""

    kind: str
    bytes: int
    app: str = ""
    shared: int = 0


@dataclass(frozen=True, slots=True)
class Reclaimable:
    """A thing that can go. kind and name complete "remove the ...". bytes: what that gives back, 0 where nobody knows.
    why: completes "because". remove: does it; idempotent, and looks again whether the thing may go. level: GARBAGE goes
    daily and by `cleanup`; CACHE when it was not used for long, when the disk is above its watermark, and by `cleanup
    --caches`; KEPT by `cleanup --trash` alone. days: since its last use."""

    kind: str
    name: str
    bytes: int
    why: str
    remove: Callable[[], object]
    app: str = ""
    level: str = GARBAGE
    days: float = 0.0


def used_bytes(path: str, leave_out: Collection[str] = ()) -> int:
    """Bytes on the disk of a file or directory, as far as the caller may look; 0 when it is not there. A file with several
    names counts once. leave_out: names directly in the directory that do not count."""
    seen: set[tuple[int, int]] = set()

    def size_of(file: str) -> int:
        try:
            facts = os.lstat(file)
        except OSError:
            return 0
        key = facts.st_dev, facts.st_ino
        if facts.st_nlink > 1 and key in seen:
            return 0
        seen.add(key)
        return facts.st_blocks * 512

    total = size_of(path)
    for directory, directories, files in os.walk(path):
        if directory == path:
            directories[:] = [name for name in directories if name not in leave_out]
        total += sum(size_of(os.path.join(directory, name)) for name in (*directories, *files))
    return total
