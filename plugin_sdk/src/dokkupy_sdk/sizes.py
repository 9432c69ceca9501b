"""Sizes as docker reads them."""

from dokkupy.kernel.sizes import bytes_of

__all__ = ["bytes_of"]
