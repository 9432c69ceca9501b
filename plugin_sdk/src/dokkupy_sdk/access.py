"""Who may see and change what."""

from dokkupy.usecases.access import allowed, apps_with, check_access, check_global, is_admin, visible_apps

__all__ = ["allowed", "apps_with", "check_access", "check_global", "is_admin", "visible_apps"]
