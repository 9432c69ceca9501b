"""Permissions: who may see and change what."""

from __future__ import annotations

from dokkupy.errors import Denied
from dokkupy.host import Host
from dokkupy.kernel.access import GRANTS, caller, check_access, keys_of
from dokkupy.model.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.kernel.access import Owned
    from dokkupy.kernel.session import Session

__all__ = [
    "GRANTS",
    "allowed",
    "caller",
    "check_access",
    "has_deployers",
    "is_admin",
    "keys_of",
    "no_apps",
    "shown_app",
    "visible_apps",
]


def allowed(host: Session, permission: str, named: Owned | None = None, namespace: str = "") -> bool:
    """Whether the caller has the permission for the named subject (`check_access`)."""
    try:
        check_access(host, permission, named, namespace)
    except Denied:
        return False
    return True


def is_admin(host: Session) -> bool:
    """Whether the caller may change the host itself: a local user, or the key of an admin."""
    return caller(host).has("host:write")


def shown_app(host: Host, app: AppName) -> str:
    """How a message names an app that the caller did not: `app blog`, or `another app` to a key that may not see it."""
    return f"app {app}" if allowed(host, "app:read", app) else "another app"


def no_apps(host: Host) -> str:
    """What to say when the caller sees no app. Another key may have some."""
    if is_admin(host):
        return "You haven't deployed any applications yet"
    me = caller(host)
    if me.apps:
        return f"None of the apps of the key {me.name} exists yet. To create one: apps:create {me.apps[0]}"
    return f"The key {me.name} may use no app. To get one, ask an admin for: ssh-keys:set {me.name} --apps APP"


def has_deployers(host: Host, app: str) -> bool:
    """Whether anyone who is not an admin may deploy the app."""
    return any(key.role == "deployer" and app in key.apps for key in keys_of(host).values())


def visible_apps(host: Host, permission: str = "app:read") -> list[AppName]:
    """The apps for which the caller has a permission. `--all` and lists cover these."""
    me = caller(host)
    return [app for app in host.store.apps() if me.has_all((app,))] if me.has(permission) else []
