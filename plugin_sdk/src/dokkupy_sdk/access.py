"""Who may see and change what."""

from dokkupy.usecases.access import (
    GRANTS,
    allowed,
    caller,
    check_access,
    is_admin,
    keys_of,
    visible_apps,
)

__all__ = [
    "GRANTS",
    "allowed",
    "caller",
    "check_access",
    "is_admin",
    "keys_of",
    "visible_apps",
]
