"""Work on a target: one operation at a time, after cleaning up what the last one left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from dokkupy_sdk import Host
from dokkupy_sdk.operation import Transaction, call, operation

from dokkupy_backups.names import SubjectName
from dokkupy_backups.record.stored import clean_up, note_interrupted
from dokkupy_backups.repository.restic import Repository
from dokkupy_backups.target.stored import Target

WAIT = 600.0
"""Seconds to wait for other work on the same target or subject."""

Now = Callable[[], datetime]


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def working(
    host: Host, verb: str, target: Target, subject: SubjectName | None = None, *, wait: float = WAIT
) -> Iterator[tuple[Transaction, Repository]]:
    """An operation on a target, and on a subject. Neither is the lock of a service: it serves on meanwhile.

    restic's own locks would let several backups go on at once, but no check or prune beside them, and they do not
    queue; so this host does one thing at a time on each target.
    """
    repository = Repository(host, target)
    first = f"backup:{subject}" if subject else f"backup-target:{target.name}"
    also = (f"backup-target:{target.name}",) if subject else ()
    with operation(host, verb, first, wait=wait, also=also) as tx:
        if not host.dry_run:
            clean_up(host, repository)
        tx.register_undo("note that work on the target began", call(note_interrupted, target=str(target.name)))
        yield tx, repository
