"""Who may do what. A local user of the host may do everything; an SSH key what its role says.

Roles of keys: `admin` everything; `deployer` app:read and app:write on its apps; `viewer` app:read on its apps.
"""

from __future__ import annotations

from dokkupy.errors import Denied
from dokkupy.host import Host
from dokkupy.model.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GRANTS = {
    "admin": ("app:read", "app:write", "app:admin", "host:read", "host:write"),
    "deployer": ("app:read", "app:write"),
    "viewer": ("app:read",),
}


KEYS = ("global", "ssh-keys")
"""The table of the SSH keys."""


def check_access(host: Host, who: str, permission: str, app: AppName | None) -> None:
    """Raise Denied unless the key `key:NAME` has the permission; for a command on no app, any app's will do."""
    if permission == "open" or allowed(host, who, permission, app):
        return
    raise Denied("Access denied", hint=f"{who.removeprefix('key:')} lacks the permission {permission}.")


def allowed(host: Host, who: str, permission: str, app: AppName | None) -> bool:
    if not who.startswith("key:"):
        return True
    key = key_record(host, who)
    role = str(key.get("role", ""))  # a key that is not on record may do nothing
    if permission not in GRANTS.get(role, ()):
        return False
    return role == "admin" or app is None or app in key.get("apps", [])


def keys_of(host: Host) -> dict[str, dict[str, Any]]:
    """name -> the record of each SSH key."""
    return dict(host.store.read(*KEYS).get("keys", {}))


def key_record(host: Host, who: str) -> dict[str, Any]:
    return keys_of(host).get(who.removeprefix("key:"), {})


def visible_apps(host: Host) -> list[AppName]:
    """The apps that the caller may see."""
    return apps_with(host, "app:read")


def apps_with(host: Host, permission: str) -> list[AppName]:
    """The apps for which the caller has a permission: what `--all` means."""
    return [app for app in host.store.apps() if allowed(host, host.who, permission, app)]


def is_admin(host: Host) -> bool:
    """Whether the caller may change the host itself: a local user, or the key of an admin."""
    return allowed(host, host.who, "host:write", None)


def check_global(host: Host) -> None:
    """Changing what holds for all apps takes an admin."""
    check_access(host, host.who, "host:write", None)
