"""The format of the audit: keys, seals and times of its lines."""

from dokkupy.kernel.audit import MARK, key_after, read_key, save_key, seal, stamp

__all__ = ["MARK", "key_after", "read_key", "save_key", "seal", "stamp"]
