"""Sizes as docker reads them."""

from dokkupy.kernel.sizes import bytes_of, memory_bytes, with_unit

__all__ = ["bytes_of", "memory_bytes", "with_unit"]
