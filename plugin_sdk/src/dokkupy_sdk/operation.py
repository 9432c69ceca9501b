"""Operations: changes that either happened or did not."""

from dokkupy.kernel.journal import new_id
from dokkupy.kernel.operation import Call, SignalReceived, Transaction, call, operation, signals_ignored

__all__ = ["Call", "SignalReceived", "Transaction", "call", "new_id", "operation", "signals_ignored"]
