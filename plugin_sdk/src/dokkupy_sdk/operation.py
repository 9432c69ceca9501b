"""Operations: changes that either happened or did not."""

from dokkupy.kernel.journal import new_id
from dokkupy.kernel.operation import (
    Call,
    SignalReceived,
    Transaction,
    call,
    messages,
    operation,
    signals_ignored,
    unfinished,
)

__all__ = [
    "Call",
    "SignalReceived",
    "Transaction",
    "call",
    "messages",
    "new_id",
    "operation",
    "signals_ignored",
    "unfinished",
]
