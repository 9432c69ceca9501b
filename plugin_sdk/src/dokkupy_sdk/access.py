"""Permissions: who may see and change what."""

from dokkupy.kernel.access import GRANTS, allowed, caller, check_access, has_deployers, is_admin, keys_of, visible_apps

__all__ = ["GRANTS", "allowed", "caller", "check_access", "has_deployers", "is_admin", "keys_of", "visible_apps"]
