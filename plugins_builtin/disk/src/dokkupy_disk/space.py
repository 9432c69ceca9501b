"""How full the disks are, and how much of them may be used (the line)."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.values import dataclass

from dokkupy_disk.settings import NONE, SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system. path: a directory on it. used, free, total: bytes, as a user that is not root has them; total is their
    sum. line: how many may be used."""

    path: str
    used: int
    free: int
    line: int

    @property
    def total(self) -> int:
        return self.used + self.free

    def over(self, more: int = 0) -> int:
        """The bytes by which the disk would be above its line with so many more; not below 0."""
        return max(0, self.used + more - self.line)

    def __str__(self) -> str:
        from dokkupy_sdk.sizes import in_units

        return f"{in_units(self.used)} of {in_units(self.total)} used on the disk of {self.path}"


def line(total: int, watermark: str, reserve: str) -> int:
    """How many bytes of a disk may be used. Pure."""
    from dokkupy_sdk.sizes import bytes_of

    share = total if watermark == NONE else total * int(watermark.removesuffix("%")) // 100
    return share if reserve == NONE else max(0, min(share, total - bytes_of(reserve)))


def disks(host: Host) -> list[Disk]:
    """Each file system once. Missing directories are skipped."""
    from dokkupy_disk.hookspecs import disk_directories

    found, _ = host.hooks.gather_what_can(disk_directories, host=host)
    return measured(host, [host.root, *(path for _, path in found)])


def measured(host: Host, paths: Iterable[str]) -> list[Disk]:
    watermark, reserve = (SETTINGS.get(host.store, None, name) for name in ("watermark", "reserve"))
    seen: dict[int, Disk] = {}
    for path in paths:
        try:
            device, facts = os.stat(path).st_dev, os.statvfs(path)
        except OSError:
            continue
        used, free = (facts.f_blocks - facts.f_bfree) * facts.f_frsize, facts.f_bavail * facts.f_frsize
        seen.setdefault(device, Disk(path, used, free, line(used + free, watermark, reserve)))
    return list(seen.values())
