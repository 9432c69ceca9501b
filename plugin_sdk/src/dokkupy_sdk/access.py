"""Permissions: who may see and change what."""

from dokkupy.host import Host
from dokkupy.kernel.access import GRANTS, allowed, caller, check_access, is_admin, keys_of, visible_apps

__all__ = ["GRANTS", "allowed", "caller", "check_access", "has_deployers", "is_admin", "keys_of", "visible_apps"]


def has_deployers(host: Host, app: str) -> bool:
    """Whether anyone who is not an admin may deploy the app."""
    return any(key.role == "deployer" and app in key.apps for key in keys_of(host).values())
