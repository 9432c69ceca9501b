"""Operations: changes that either happened or did not."""

from dokkupy.kernel.operation import Call, Tx, call, new_id, operation

__all__ = ["Call", "Tx", "call", "new_id", "operation"]
