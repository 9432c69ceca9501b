"""The records of the state about registries."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.model import RegistryLogin
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.records import Record

from dokkupy_registry.names import ServerName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Login(Record):
    """A user and a password for a registry."""

    user: str
    password: Secret


class LoginsFile(Record, file="apps/*/registry-logins"):
    """The registry's name -> its login: an app's own, or those that all apps share."""

    logins: Mapping[str, Login] = {}


class PushedFile(Record, file="apps/*/registry-pushed"):
    """The last release that was pushed. tag: its number. image: its id. repository: with the server. extra: tag -> image of
    the image that each additional tag refers to since then."""

    tag: int = 0
    image: str = ""
    repository: str = ""
    extra: Mapping[str, str] = {}


def kept_logins(host: Host, app: AppName | None) -> dict[str, Login]:
    return dict(host.store.load(LoginsFile, app).logins)


def as_logins(host: Host, app: AppName | None) -> list[RegistryLogin]:
    """The logins of one scope, as core's role takes them."""
    return [
        RegistryLogin(ServerName(server), login.user, login.password, shared=app is None)
        for server, login in kept_logins(host, app).items()
    ]
