"""Deletion of what was kept long enough, on a host whose clock can be wrong."""

from __future__ import annotations

import time

from dokkupy_sdk import Host
from dokkupy_sdk.records import Record

DAY = 86400
LONGEST_GAP = 2 * DAY
"""Seconds between two looks of a job, above which the clock may have jumped."""


class DeletionsFile(Record, file="deletions/*"):
    """When a job last looked for what to delete, and until when it then deletes nothing; in epoch seconds."""

    seen: float = 0.0
    held: float = 0.0


def may_delete(host: Host, what: str, *, now: float | None = None) -> bool:
    """Whether a job of the timer may delete what is due. It may not for a day after the clock jumped ahead or the host was
    off for days: at a wrong time everything would be due, and nothing brings it back. what: a name for the job's record."""
    at = time.time() if now is None else now
    before = host.store.load_derived(DeletionsFile, what)
    held = before.held
    if before.seen and at - before.seen > LONGEST_GAP:
        held = at + DAY
        host.out.warn(
            f"{what}: nothing is deleted for a day, because the timer did not run for {int(at - before.seen) // DAY} days: "
            "the host was off, or its clock was changed. Check: date"
        )
    host.store.save(DeletionsFile(seen=at, held=held), what)
    return not at < held <= at + DAY


__all__ = ["DAY", "DeletionsFile", "may_delete"]
