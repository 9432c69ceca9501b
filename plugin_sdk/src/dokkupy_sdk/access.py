"""Who may see and change what."""

from dokkupy.usecases.access import check_access, check_global, is_admin, visible_apps

__all__ = ["check_access", "check_global", "is_admin", "visible_apps"]
