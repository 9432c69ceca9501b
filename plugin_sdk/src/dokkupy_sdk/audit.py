"""The audit's format: keys and seals of its lines."""

from dokkupy.kernel.audit import MARK, key_after, read_key, save_key, seal

__all__ = ["MARK", "key_after", "read_key", "save_key", "seal"]
