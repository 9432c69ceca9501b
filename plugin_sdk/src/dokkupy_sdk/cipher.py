"""The role Cipher. Apart from the other roles, because `config:get` loads its adapter."""

from dokkupy.kernel.cipher import Cipher

__all__ = ["Cipher"]
