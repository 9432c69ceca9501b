"""The format of the audit: keys, seals and times of its lines."""

from dokkupy.kernel.audit import MARK, Audit, key_after, last_number, read_key, save_key, seal, stamp

__all__ = ["MARK", "Audit", "key_after", "last_number", "read_key", "save_key", "seal", "stamp"]
