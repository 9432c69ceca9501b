"""Operations: changes that happen completely or not at all."""

from __future__ import annotations

from dokkupy.errors import messages
from dokkupy.kernel.journal import NEW, Journal, new_id
from dokkupy.kernel.operation import operation as plain_operation
from dokkupy.kernel.operation import subjects_of, unfinished
from dokkupy.kernel.signals import SignalReceived, signals_ignored
from dokkupy.kernel.transaction import Call, call
from dokkupy.transaction import Transaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from dokkupy.host import Host
    from dokkupy.kernel.session import Session


def operation(
    host: Host, verb: str, subject: str, *, wait: float = 30.0, also: tuple[str, ...] = (), takes_away: bool = False
) -> AbstractContextManager[Transaction]:
    """Run an operation on a subject: see `dokkupy.kernel.operation`. One that removes something may use the reserve of the
    disk, because on a full disk it makes room."""
    if takes_away and not host.dry_run:
        from dokkupy_sdk.reserve import use_reserve

        use_reserve(host.root)
    return plain_operation(host, verb, subject, wait=wait, also=also, takes_away=takes_away)


def forget_unfinished(host: Session, subject: str, *, but: str) -> None:
    """Close unfinished operations on a subject that is gone. One that has other subjects too is left to `recover`."""
    for identifier, entries in unfinished(host, subject):
        if identifier != but and entries and subjects_of(entries) == (subject,):
            Journal(host.root, identifier).close("undone", "the subject is gone")


__all__ = [
    "NEW",
    "Call",
    "SignalReceived",
    "Transaction",
    "call",
    "forget_unfinished",
    "messages",
    "new_id",
    "operation",
    "signals_ignored",
    "unfinished",
]
