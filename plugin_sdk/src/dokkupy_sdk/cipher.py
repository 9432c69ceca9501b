"""The role Cipher, in a module of its own, because the frequent `config:get` loads its adapter."""

from dokkupy.kernel.cipher import Cipher

__all__ = ["Cipher"]
