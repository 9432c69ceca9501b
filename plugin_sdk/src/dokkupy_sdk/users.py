"""The system user that owns the state: its login names, and how root switches to it."""

from dokkupy.kernel.users import SECOND, USER, become_owner

__all__ = ["SECOND", "USER", "become_owner"]
