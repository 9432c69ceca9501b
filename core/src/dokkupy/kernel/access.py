"""Who may do what. A local user of the host may do everything. An SSH key may do what its role permits, on its own apps.

An argument type whose values belong to apps has a method `owners(host, namespace)`, which returns those apps. A key may use
such a value when its role has the permission and the key has all of these apps. What belongs to no app is for admins only.
A method `refusal(caller)` of the type returns another message and the command to ask an admin for, in place of the usual
ones. `cli/permission.py` checks this for every argument of every command.
"""

from __future__ import annotations

from dokkupy.errors import Denied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any, Protocol

    from dokkupy.kernel.session import Session
    from dokkupy.model.names import AppName
    from dokkupy.model.state import KeyRow

    class Owned(Protocol):
        """A value that belongs to apps. noun: what it names, for messages."""

        noun: str

        def owners(self, host: Any, namespace: str) -> Collection[AppName]: ...


GRANTS = {
    "viewer": ("app:read", "service:read"),
    "deployer": ("app:read", "app:write", "service:read", "service:connect", "service:write"),
    "admin": (
        *("app:read", "app:write", "app:admin"),
        *("service:read", "service:connect", "service:write", "host:read", "host:write"),
    ),
}
"""Role -> its permissions, the smallest role first."""


class Caller:
    """Who runs a command. name: of the key, empty for a local user. apps: those that a deployer or viewer may use."""

    __slots__ = ("apps", "name", "role")

    def __init__(self, name: str, role: str, apps: tuple[str, ...]) -> None:
        self.name = name
        self.role = role
        self.apps = apps

    def has(self, permission: str) -> bool:
        return permission == "open" or permission in GRANTS.get(self.role, ())

    def has_all(self, apps: Collection[str]) -> bool:
        return self.role == "admin" or bool(apps) and set(apps) <= set(self.apps)


def caller(host: Session) -> Caller:
    """A key without a record has no role and therefore no permission."""
    if not host.who.startswith("key:"):
        return Caller("", "admin", ())
    name = host.who.removeprefix("key:")
    key = keys_of(host).get(name)
    return Caller(name, key.role, key.apps) if key is not None else Caller(name, "", ())


def keys_of(host: Session) -> dict[str, KeyRow]:
    """name -> the record of each SSH key."""
    from dokkupy.model.state import KeysFile

    return dict(host.store.load(KeysFile).keys)


def check_access(host: Session, permission: str, named: Owned | None = None, namespace: str = "") -> None:
    """Raise Denied unless the caller has the permission for the named subject. namespace: of the command that names it."""
    me = caller(host)
    if not me.has(permission):
        role = next(role for role, permissions in GRANTS.items() if permission in permissions)
        what = f"The key {me.name} ({me.role or 'not on record'}) lacks the permission {permission}; {apps_of_key(me)}"
        raise denied(host, what, f"ssh-keys:set {me.name} --role {role}" if role != "admin" else "")
    if named is None or me.role == "admin":
        return
    if not me.has_all(named.owners(host, namespace)):
        what = f"There is no {named.noun} {named} that the key {me.name} may use; {apps_of_key(me)}"
        remedy = f"ssh-keys:set {me.name} --apps {','.join([*me.apps, 'APP'])}"
        raise denied(host, *(named.refusal(me) if hasattr(named, "refusal") else (what, remedy)))


def apps_of_key(me: Caller) -> str:
    return f"its apps: {', '.join(me.apps) or 'none'}"


def denied(host: Session, what: str, remedy: str) -> Denied:
    """The refusal, with whom to ask and the command to ask for. Without a remedy, the admin runs the refused command."""
    admins = [name for name, key in sorted(keys_of(host).items()) if key.role == "admin"][:5]
    whom = f"an admin ({', '.join(admins)})" if admins else "root on the server"
    return Denied(
        "Access denied", details=(what,), hint=f"Ask {whom}" + (f" for: dokkupy {remedy}" if remedy else " to do it")
    )
