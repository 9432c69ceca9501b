"""Room for the next push or build: one that would fill the disk or exceed the app's budget is refused before it
starts."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError, HostError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.sizes import bytes_of, in_units

from dokkupy_disk.collect import chosen, free_space, offers, remove
from dokkupy_disk.settings import NONE, SETTINGS
from dokkupy_disk.space import disks
from dokkupy_disk.usage import asked, known, of_app, own_bytes

LEAST = 100 << 20
"""Bytes that a build is expected to take at least, also for an app that was never built."""

SEVERAL = 3


def require_room(host: Host, app: AppName) -> None:
    """Raise HostError when the app's next build would fill a disk above its line, AppError when the app is over its
    budget. Removes what can be removed first."""
    require_budget(host, app)
    more = expected(host, app)
    if not any(disk.over(more) for disk in disks(host)):
        return
    if not host.dry_run:
        host.out.detail("The disk is nearly full: removing unused images and caches")
        free_space(host, more)
    for disk in disks(host):
        if disk.over(more):
            raise HostError(
                f"The disk is nearly full: {disk}, {in_units(disk.line)} may be used, and a build of {app} is expected to "
                f"take {in_units(more)}",
                hint=f"See what is large: disk:report. Keep fewer releases: releases:prune {app} --keep 2. Empty the trash: "
                "cleanup --trash. Or raise the limit: disk:set --global watermark.",
                code="disk_full",
            )


def expected(host: Host, app: AppName) -> int:
    """The expected bytes of the next build: the measured size of the app's own image layers, divided by the number of
    releases."""
    images = [row for row in of_app(known(host).rows, app) if row.kind == "images"]
    releases = max(1, len(host.store.names("apps", app, "releases")))
    return max([LEAST, *(SEVERAL * (row.bytes - row.shared) // (releases + SEVERAL - 1) for row in images)])


def require_budget(host: Host, app: AppName) -> None:
    text = SETTINGS.get(host.store, app, "budget") if host.store.has_app(app) else NONE
    if text == NONE or own_bytes(of_app(known(host).rows, app)) <= bytes_of(text):
        return
    if not host.dry_run:
        remove(host, chosen(offers(host, app), caches=True, trash=False, days=0))
    rows = of_app(asked(host, app), app)
    used = own_bytes(rows)
    if used > bytes_of(text):
        largest = ", ".join(
            f"{row.kind} {in_units(row.bytes - row.shared)}" for row in sorted(rows, key=size_of)[-3:][::-1]
        )
        raise AppError(
            f"{app} uses {in_units(used)} of the disk ({largest}), more than its budget of {text}",
            hint=f"Keep fewer releases: releases:prune {app} --keep 2. Or, as an admin: disk:set {app} budget SIZE",
            code="over_budget",
        )


def size_of(row: object) -> int:
    return row.bytes - row.shared  # type: ignore[attr-defined, no-any-return]
