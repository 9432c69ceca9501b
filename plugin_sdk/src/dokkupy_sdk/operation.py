"""Operations: changes that either happened or did not."""

from dokkupy.kernel.journal import new_id
from dokkupy.kernel.operation import Call, Tx, call, operation

__all__ = ["Call", "Tx", "call", "new_id", "operation"]
