"""The size and growth of directories, measured once a day, because that takes long."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping

from dokkupy_sdk import Host
from dokkupy_sdk.disk import DiskUse
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.files import scratch_directory
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import operation
from dokkupy_sdk.records import Record

from dokkupy_storage.directories.directory import ROOT_SECONDS
from dokkupy_storage.records import all_mounts, entries

KEPT = 8
"""Number of measurements kept of each directory: one week."""

DAY = 86400
KIB = 1024


class Measurement(Record):
    """at: epoch seconds."""

    at: int
    bytes: int


class SizesFile(Record, file="global/storage-sizes"):
    """Path -> what was measured, the oldest first."""

    sizes: Mapping[str, tuple[Measurement, ...]] = {}


def measure_later(host: Host) -> None:
    """In a separate process, so that the timer's other work does not wait for it."""
    host.spawn("storage:measure")


def measure(host: Host, now: float | None = None) -> Mapping[str, tuple[Measurement, ...]]:
    """Measure each directory of an entry or a mount."""
    at = int(time.time() if now is None else now)
    paths = sorted({entry.path for entry in entries(host)} | {mount.source for _, mount in all_mounts(host)})
    found = used(host, [path for path in paths if path.startswith("/") and os.path.isdir(path)])
    with operation(host, "storage:measure", "storage-sizes") as tx:
        before = host.store.load_derived(SizesFile).sizes
        after = {path: (*before.get(path, ()), Measurement(at=at, bytes=size))[-KEPT:] for path, size in found.items()}
        tx.save(SizesFile(sizes=after))
    return after


def used(host: Host, paths: list[str]) -> dict[str, int]:
    """Bytes on the disk, by the host's du as root, which sees each directory read only."""
    if not paths or host.dry_run:
        return {}
    from dokkupy_sdk.programs import run_program

    script = "du -sk /work/* >/out/sizes"
    with scratch_directory(host.path("tmp", "storage")) as scratch:
        mounts = {path: f"/work/{number}:ro" for number, path in enumerate(paths)}
        status, said = run_program(
            host, "dokkupy-storage-sizes", script, mounts={**mounts, scratch: "/out"}, timeout=ROOT_SECONDS
        )
        file = os.path.join(scratch, "sizes")
        if not os.path.exists(file):  # 1: a file was removed while du ran
            raise HostError(
                f"The directories could not be measured (status {status})",
                details=said,
                hint="Check that the engine runs (dokkupy doctor), then run the command again.",
            )
        with open(file, encoding="utf-8") as lines:
            rows = [line.split("\t") for line in lines.read().splitlines()]
    return {paths[int(os.path.basename(name))]: int(size) * KIB for size, name in rows}


def facts(found: tuple[Measurement, ...]) -> dict[str, str]:
    """Report keys of a directory's measurements; empty values before the first measurement."""
    if not found:
        return {"used-bytes": "", "growth-bytes-per-day": "", "measured-at": ""}
    first, last = found[0], found[-1]
    growth = (last.bytes - first.bytes) * DAY // (last.at - first.at) if last.at > first.at else 0
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(last.at))
    return {"used-bytes": str(last.bytes), "growth-bytes-per-day": str(growth), "measured-at": at}


def of_directory(host: Host, path: str) -> dict[str, str]:
    return facts(host.store.load_derived(SizesFile).sizes.get(path, ()))


def of_app(host: Host, paths: list[str]) -> dict[str, str]:
    """The sum of all directories that an app mounts."""
    sizes = host.store.load_derived(SizesFile).sizes
    found = [facts(sizes[path]) for path in dict.fromkeys(paths) if sizes.get(path)]
    if not found:
        return {"used-bytes": "", "growth-bytes-per-day": ""}
    return {key: str(sum(int(one[key]) for one in found)) for key in ("used-bytes", "growth-bytes-per-day")}


def disk_usage(host: Host, app: AppName | None) -> Iterator[DiskUse]:
    """From the last measurement. A directory that several apps mount counts for each of them, as shared."""
    sizes = host.store.load_derived(SizesFile).sizes
    users: dict[str, set[str]] = defaultdict(set)
    for name, mount in all_mounts(host):
        users[mount.source].add(str(name))
    for path, found in sizes.items():
        size, apps = found[-1].bytes if found else 0, users.get(path, set())
        if len(apps) != 1 and app is None:
            yield DiskUse("storage", size)
        for one in sorted(apps):
            if app in (None, one):
                yield DiskUse("storage", size, app=one, shared=size if len(apps) > 1 else 0)
