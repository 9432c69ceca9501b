"""The doctor's findings about the disk: how full it is, what uses it, and when it will be full."""

from __future__ import annotations

import os
from collections.abc import Iterator

from dokkupy_sdk import Host
from dokkupy_sdk.model import Finding
from dokkupy_sdk.sizes import bytes_of, in_units

from dokkupy_disk.settings import NONE, SETTINGS
from dokkupy_disk.space import Disk, disks
from dokkupy_disk.stored import Sample, SamplesFile, growth
from dokkupy_disk.usage import by_kind, known, of_app, own_bytes
from dokkupy_disk.writers import described, largest

CHECK = "disk"
SOON = 7
"""In days: a warning this early leaves time to buy a disk."""

LOW = 10
"""Percent of inodes that are free when the doctor warns."""


def findings(host: Host) -> Iterator[Finding]:
    samples = host.store.load_derived(SamplesFile).samples
    for disk in disks(host):
        yield of_disk(disk, samples.get(disk.path, ()))
        yield from of_file_system(disk.path, os.statvfs(disk.path))
    yield from of_lost_images(host)
    usage = known(host)
    if (row := largest(usage.rows, disks(host))) is not None:
        remedy = f"ps:restart {row.app} starts it with empty containers; disk:set {row.app} when-full stop"
        yield Finding(CHECK, "error", described(row), remedy)
    if usage.at:
        kinds = ", ".join(f"{kind} {in_units(size)}" for kind, size in by_kind(usage.rows).items() if size)
        yield Finding(CHECK, "ok", f"used by: {kinds or 'nothing'}")
    for app in host.store.apps():
        budget = SETTINGS.get(host.store, app, "budget")
        used = own_bytes(of_app(usage.rows, app))
        if budget != NONE and used > bytes_of(budget):
            text = f"{app} uses {in_units(used)} of the disk, more than its budget of {budget}"
            yield Finding(CHECK, "warning", text, f"releases:prune {app} --keep 2, or disk:set {app} budget SIZE")


def status_of(host: Host) -> Iterator[Finding]:
    """How full each disk is, and when it will be full."""
    samples = host.store.load_derived(SamplesFile).samples
    for disk in disks(host):
        yield of_disk(disk, samples.get(disk.path, ()))
        yield from of_file_system(disk.path, os.statvfs(disk.path))


def of_disk(disk: Disk, samples: tuple[Sample, ...]) -> Finding:
    """Pure."""
    days = days_until_full(disk, samples)
    text = f"{disk}; {outlook(samples, days)}"
    if disk.over():
        more = f"; that is more than the {in_units(disk.line)} of its watermark, so builds are refused"
        return Finding(
            CHECK, "error", text + more, "dokkupy cleanup --caches --trash; to see what is large: dokkupy disk:report"
        )
    if days is not None and days < SOON:
        return Finding(CHECK, "warning", text, "dokkupy cleanup --caches; to see what is large: dokkupy disk:report")
    return Finding(CHECK, "ok", text)


def days_until_full(disk: Disk, samples: tuple[Sample, ...]) -> float | None:
    """None when the use does not grow, or is unknown. Pure."""
    rate = growth(samples)
    return disk.free / rate if rate is not None and rate > 0 else None


def outlook(samples: tuple[Sample, ...], days: float | None) -> str:
    rate = growth(samples)
    if rate is None:
        return "an estimate of when it is full needs a day of measurements"
    if days is None:
        return "its use does not grow"
    return f"its use grows by {in_units(rate)} a day and is full in {days:.0f} days"


def of_lost_images(host: Host) -> Iterator[Finding]:
    """Images of releases that the engine lost, for example through `docker system prune -a`."""
    from dokkupy_apps.processes.lost_images import lost
    from dokkupy_sdk.state import ServingFile

    names = frozenset(name for identifier, tags, _ in host.images().find_all({}) for name in (identifier, *tags))
    for app in host.store.apps():
        gone = lost(host, app, names)
        if not gone:
            continue
        numbers = ", ".join(f"v{number}" for number in gone)
        text = f"{app}: the images of {numbers} are missing from the engine; dokkupy builds each again when it is next started or rolled back to"
        serving = host.store.find(ServingFile, app)
        remedy = f"dokkupy ps:start {app}, or a push" if serving is not None and serving.release in gone else ""
        yield Finding("images", "warning", text, remedy)


def of_file_system(path: str, facts: os.statvfs_result) -> Iterator[Finding]:
    """What makes a disk unusable beside its bytes: no inodes (each file takes one), and a read-only mount. Pure."""
    if facts.f_files and facts.f_favail * 100 < facts.f_files * LOW:
        text = f"{facts.f_favail} of {facts.f_files} inodes are free on the disk of {path}"
        level = "warning" if facts.f_favail else "error"
        remedy = f"dokkupy cleanup --caches; to see where the files are: du --inodes -xS {path} | sort -n | tail"
        yield Finding(CHECK, level, text, remedy)
    if facts.f_flag & os.ST_RDONLY:
        text = f"The disk of {path} is mounted read-only, as a disk is after it failed: nothing can be changed"
        yield Finding(CHECK, "error", text, f"See dmesg; then: mount -o remount,rw $(findmnt -n -o TARGET -T {path})")
