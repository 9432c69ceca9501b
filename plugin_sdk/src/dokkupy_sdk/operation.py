"""Operations: changes that happen completely or not at all."""

from dokkupy.errors import messages
from dokkupy.kernel.journal import NEW, new_id
from dokkupy.kernel.operation import forget_unfinished, operation, unfinished
from dokkupy.kernel.signals import SignalReceived, signals_ignored
from dokkupy.kernel.transaction import Call, call
from dokkupy.transaction import Transaction

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
