"""The timer's part: it checks each minute how full the disks are, and removes each day what is unused."""

from __future__ import annotations

import time

from dokkupy_sdk import Host
from dokkupy_sdk.sizes import in_units

from dokkupy_disk.collect import LOWER, cache_days, chosen, free_space, offers, remove
from dokkupy_disk.space import disks
from dokkupy_disk.stored import HOUR, KEPT, Sample, SamplesFile
from dokkupy_disk.usage import measure
from dokkupy_disk.writers import react

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_disk.space import Disk

PAUSE = 900
"""Seconds between two attempts to get below the watermark."""


def look(host: Host, now: float | None = None) -> None:
    """Record each hour how full the disks are. Above the watermark, a separate process removes what can be removed."""
    at = int(time.time() if now is None else now)
    record = host.store.load_derived(SamplesFile)
    found = disks(host)
    after = noted(record, found, at)
    if any(disk.over() for disk in found) and not 0 <= at - record.collected_at < PAUSE:
        after = after.replace(collected_at=at)
        host.spawn("disk:collect", "--above-watermark")
    if after != record:
        host.store.save(after)


def noted(record: SamplesFile, found: Sequence[Disk], at: int) -> SamplesFile:
    """Add a sample for each disk whose last one is an hour old, or in the future because the clock was set back.
    Pure."""
    samples = {}
    for disk in found:
        before = tuple(one for one in record.samples.get(disk.path, ()) if one.at <= at)
        if not before or at - before[-1].at >= HOUR:
            before = (*before, Sample(at=at, used=disk.used))[-KEPT:]
        samples[disk.path] = before
    return record.replace(samples=samples)


def daily(host: Host) -> None:
    """In a separate process, so that the timer's other work does not wait for it."""
    host.spawn("disk:collect")


def collect(host: Host, *, above_watermark: bool) -> list[str]:
    """Remove what has no use, and caches that were not used for long; or above the watermark any cache. Then measure, and
    look which app fills a disk that stays above it."""
    if above_watermark:
        gone = free_space(host, lower=LOWER)
    else:
        gone = remove(host, chosen(offers(host), caches=False, trash=False, days=cache_days(host)))
    lines = [f"Removed the {one.kind} {one.name} ({in_units(one.bytes)}): {one.why}" for one in gone]
    if host.dry_run:
        return lines
    if gone:
        host.events.record("disk_collected", things=str(len(gone)), bytes=str(sum(one.bytes for one in gone)))
    rows = measure(host).rows
    return [*lines, *react(host, rows, disks(host))]
