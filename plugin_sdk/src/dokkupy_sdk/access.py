"""Who may see and change what."""

from dokkupy.usecases.access import (
    GRANTS,
    KEYS,
    allowed,
    apps_with,
    check_access,
    check_global,
    is_admin,
    keys_of,
    visible_apps,
)

__all__ = [
    "GRANTS",
    "KEYS",
    "allowed",
    "apps_with",
    "check_access",
    "check_global",
    "is_admin",
    "keys_of",
    "visible_apps",
]
