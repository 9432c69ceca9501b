"""Freeing disk space: plugins offer what can be removed, with its kind and age."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.disk import CACHE, GARBAGE, KEPT, Reclaimable
from dokkupy_sdk.many import over_each, warn_of
from dokkupy_sdk.names import AppName
from dokkupy_sdk.sizes import in_units

from dokkupy_disk import hookspecs
from dokkupy_disk.settings import SETTINGS
from dokkupy_disk.space import disks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LEVELS = (GARBAGE, CACHE, KEPT)
LOWER = 5
"""Percent of a disk by which the timer goes below the watermark, so that it does not have to clean up again at once."""


def offers(host: Host, app: AppName | None = None) -> list[Reclaimable]:
    """What can be removed: garbage first, then the oldest. A plugin that fails causes a warning."""
    found, failed = host.hooks.gather_what_can(hookspecs.reclaimable, host=host, app=app)
    warn_of(host, failed)
    return ranked(one for _, one in found)


def ranked(things: Iterable[Reclaimable]) -> list[Reclaimable]:
    return sorted(things, key=lambda one: (LEVELS.index(one.level), -one.days, one.kind, one.name))


def chosen(things: Iterable[Reclaimable], *, caches: bool, trash: bool, days: float) -> list[Reclaimable]:
    """What to remove: garbage, and caches of this age. caches: all caches. trash: also destroyed data that is kept for
    a time. Pure."""
    levels = {GARBAGE, *((CACHE,) if caches else ()), *((KEPT,) if trash else ())}
    return [one for one in things if one.level in levels or (one.level == CACHE and one.days >= days)]


def cache_days(host: Host) -> int:
    return int(SETTINGS.get(host.store, None, "cache-days"))


def described(one: Reclaimable) -> str:
    size = f" ({in_units(one.bytes)})" if one.bytes else ""
    return f"{one.kind} {one.name}{size}: {one.why}"


def remove(host: Host, things: Iterable[Reclaimable]) -> list[Reclaimable]:
    """Remove them, or list them in a dry run. Returns what was removed; a failed removal causes a warning."""
    done, failed = over_each(things, lambda one: host.act(f"remove the {described(one)}", one.remove))
    warn_of(host, [(f"{one.kind} {one.name}", error) for one, error in failed])
    return [one for one, _ in done]


def free_space(host: Host, more: int = 0, *, lower: int = 0) -> list[Reclaimable]:
    """Remove garbage and then caches, the longest unused first, until the disks have room for so many more bytes below
    their lines. lower: percent of a disk to stay below the line. Removes nothing that is kept on purpose."""

    def is_over() -> bool:
        return any(disk.over(more + disk.total * lower // 100) for disk in disks(host))

    gone: list[Reclaimable] = []
    if is_over():
        for one in offers(host):
            if one.level == KEPT or (one.level == CACHE and not is_over()):
                break
            gone += remove(host, [one])
            os.sync() if one.bytes > 1 << 26 else None
    return gone
