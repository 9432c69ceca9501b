"""What uses the disk. Every plugin is asked once a day, and the answers are stored, so that reports are quick."""

from __future__ import annotations

import time
from collections import defaultdict

from dokkupy_sdk import Host
from dokkupy_sdk.many import warn_of
from dokkupy_sdk.names import AppName

from dokkupy_disk import hookspecs
from dokkupy_disk.stored import UsageFile, UseRow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def measure(host: Host) -> UsageFile:
    """Ask every plugin, and store the answers. A plugin that fails causes a warning."""
    from dokkupy_sdk.operation import operation

    rows = asked(host, None)
    with operation(host, "disk:measure", "disk-usage") as tx:
        found = UsageFile(at=int(time.time()), rows=rows)
        tx.save(found)
    return found


def asked(host: Host, app: AppName | None) -> tuple[UseRow, ...]:
    found, failed = host.hooks.gather_what_can(hookspecs.disk_usage, host=host, app=app)
    warn_of(host, failed)
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for _, use in found:
        total = sums[use.app, use.kind]
        total[0] += use.bytes
        total[1] += use.shared
    return tuple(
        UseRow(kind=kind, bytes=size, app=app, shared=shared) for (app, kind), (size, shared) in sorted(sums.items())
    )


def known(host: Host) -> UsageFile:
    return host.store.load_derived(UsageFile)


def of_app(rows: Iterable[UseRow], app: AppName) -> list[UseRow]:
    return [row for row in rows if row.app == app]


def own_bytes(rows: Iterable[UseRow]) -> int:
    """The bytes that their removal would free. Pure."""
    return sum(row.bytes - row.shared for row in rows)


def by_kind(rows: Iterable[UseRow]) -> dict[str, int]:
    """The largest first. What several apps share is counted in a row of the host, and in none of theirs. Pure."""
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[row.kind] += row.bytes - row.shared
    return dict(sorted(sums.items(), key=lambda pair: -pair[1]))
