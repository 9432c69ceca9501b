"""Operations: changes that either happened or did not."""

from dokkupy.kernel.journal import new_id
from dokkupy.kernel.operation import Call, Transaction, call, operation

__all__ = ["Call", "Transaction", "call", "new_id", "operation"]
