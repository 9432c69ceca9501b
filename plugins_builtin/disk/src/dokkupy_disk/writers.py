"""Which app fills a disk: what its containers wrote into themselves, and not into its storage."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.sizes import in_units

from dokkupy_disk.settings import SETTINGS, STOP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_disk.space import Disk
    from dokkupy_disk.stored import UseRow

WRITTEN = "containers"
"""The kind (`DiskUse.kind`) of what containers wrote into themselves."""

LEAST = 5
"""Percent of a disk from which on an app is named."""


def largest(rows: Iterable[UseRow], disks: Iterable[Disk]) -> UseRow | None:
    """The app that wrote most, if that is much of a disk above its watermark. Pure."""
    total = min((disk.total for disk in disks if disk.over()), default=0)
    found = max((row for row in rows if row.kind == WRITTEN and row.app), key=lambda row: row.bytes, default=None)
    return found if found is not None and total and found.bytes * 100 >= total * LEAST else None


def described(row: UseRow) -> str:
    return f"the containers of {row.app} wrote {in_units(row.bytes)} outside its storage"


def react(host: Host, rows: Iterable[UseRow], disks: Iterable[Disk]) -> list[str]:
    """Report the app that wrote most to a disk that stays above its watermark, and stop it if its setting says so."""
    row = largest(rows, disks)
    if row is None or not host.store.has_app(AppName(row.app)):
        return []
    app = AppName(row.app)
    stops = SETTINGS.get(host.store, app, "when-full") == STOP and not host.dry_run
    host.events.record("disk_filled", app=app, bytes=str(row.bytes), stopped=str(stops).lower())
    if not stops:
        return [f"The disk is above its watermark, and {described(row)}"]
    from dokkupy_apps.processes.start_stop import stop_app

    stop_app(host, app)
    return [f"Stopped {app}: the disk is above its watermark, and {described(row)}"]
