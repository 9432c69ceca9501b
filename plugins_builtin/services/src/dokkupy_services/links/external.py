"""Services that are managed elsewhere. Their URL is stored here, and apps are linked to them like to other services."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from dokkupy_apps.desired.config import get_env, set_env
from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, NotFound, StateError, UserError
from dokkupy_sdk.names import AppName, EnvKey, Secret
from dokkupy_sdk.operation import Transaction, operation
from dokkupy_sdk.records import Record
from dokkupy_sdk.values import dataclass

from dokkupy_services.links.variables import free_variable
from dokkupy_services.names import ServiceName

PLACE = "external-services"
ALIASES = {
    "postgres": "DATABASE",
    "postgresql": "DATABASE",
    "mysql": "DATABASE",
    "mysql2": "DATABASE",
    "mariadb": "DATABASE",
    "redis": "REDIS",
    "rediss": "REDIS",
    "mongodb": "MONGO",
    "mongodb+srv": "MONGO",
    "amqp": "RABBITMQ",
    "amqps": "RABBITMQ",
    "memcached": "MEMCACHED",
}
"""Scheme -> the variable that Dokku's datastore for it sets."""


@dataclass(frozen=True, slots=True)
class External:
    """An external service. alias: the name of the variable, without `_URL`."""

    name: ServiceName
    url: Secret
    alias: str

    file = f"{PLACE}/*/service"
    known_by_path = ("name",)


class ExternalLink(Record, file=f"{PLACE}/*/links/*"):
    """A link of an external service. alias: the app's variable."""

    alias: str = ""


def validated_url(text: str) -> str:
    """Raises UserError without the URL, because it contains a password."""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        host = None
    if (
        not host
        or not re.fullmatch(r"[a-z][a-z0-9+.-]*", parts.scheme)
        or any(ord(c) <= 32 or ord(c) == 127 for c in text)
    ):
        raise UserError("The address must look like postgres://user:password@host:5432/database")
    return text


def subject(name: str) -> str:
    return f"external:{name}"


def read(host: Host, name: ServiceName) -> External:
    found = host.store.find(External, name)
    if found is None:
        raise NotFound(f"External service {name} does not exist", hint="services:adopt NAME URL")
    return found


def names(host: Host) -> list[ServiceName]:
    every = [ServiceName(name) for name in host.store.names(PLACE) if ServiceName.fits(name)]
    return [name for name in every if is_there(host, name)]


def is_there(host: Host, name: str) -> bool:
    """Whether there is a record, even a broken one."""
    try:
        return host.store.find(External, name) is not None
    except StateError:
        return True


def links(host: Host, name: str) -> list[AppName]:
    """The linked apps."""
    return [AppName(app) for app in host.store.names(PLACE, name, "links")]


def variables(host: Host, app: AppName, one: External) -> list[EnvKey]:
    """The app's variables that contain the URL."""
    return [key for key, value in get_env(host, app).items() if value == one.url]


def adopt(host: Host, name: ServiceName, url: str, alias: str) -> External:
    """Store a URL, or replace that of an existing name. Linked apps get the new one in their variables."""
    text = validated_url(url)
    scheme = text.partition("://")[0]
    word = (alias or ALIASES.get(scheme) or re.sub(r"\W", "_", scheme)).upper()
    EnvKey(f"{word}_URL")
    apps = links(host, name)
    with operation(host, "services:adopt", subject(name), also=tuple(f"app:{app}" for app in apps)) as tx:
        for app in apps:
            set_env(tx, app, dict.fromkeys(variables(host, app, read(host, name)), Secret(text)))
        one = External(name, Secret(text), word)
        tx.save(one, name)
    return one


def link(host: Host, name: ServiceName, app: AppName, *, alias: str = "") -> EnvKey:
    host.store.require_app(app)
    read(host, name)
    with operation(host, "services:link", f"app:{app}", also=(subject(name),)) as tx:
        one, env = read(host, name), get_env(host, app)
        if app in links(host, name):
            raise Conflict(
                f"Already linked to app {app}",
                code="already_linked",
                hint=f"Unlink it first: services:unlink {name} {app}",
            )
        key = EnvKey(f"{(alias or one.alias).upper()}_URL")
        if key in env and alias:
            raise Conflict(
                f"Specified alias {alias} already in use by the variable {key}",
                code="alias_taken",
                hint="Choose another one: --alias NAME",
            )
        key = free_variable(env, "external") if key in env else key
        tx.save(ExternalLink(alias=str(key)), name, app)
        set_env(tx, app, {key: one.url})
    return key


def unlink(host: Host, name: ServiceName, app: AppName) -> list[EnvKey]:
    """Remove every variable with the URL. Returns their names. Works with broken records, too."""
    host.store.require_app(app)
    require_there(host, name)
    with operation(host, "services:unlink", f"app:{app}", also=(subject(name),), takes_away=True) as tx:
        if app not in links(host, name):
            raise UserError(f"Not linked to app {app}", code="not_linked", hint=f"Link it: services:link {name} {app}")
        keys = variables_of(host, app, name)
        set_env(tx, app, dict.fromkeys(keys))
        tx.remove(ExternalLink, name, app)
    return keys


def variables_of(host: Host, app: AppName, name: ServiceName) -> list[EnvKey]:
    """The app's variables that contain the URL. If the record is broken, the variable in the link."""
    try:
        return variables(host, app, read(host, name))
    except StateError as fault:
        host.out.warn(fault.message)
    try:
        alias = host.store.load(ExternalLink, name, app).alias
    except StateError as fault:
        host.out.warn(fault.message)
        return []
    return [key for key in get_env(host, app) if key == alias]


def require_there(host: Host, name: str) -> None:
    if not is_there(host, name):
        raise NotFound(f"External service {name} does not exist", hint="services:adopt NAME URL")


def forget(host: Host, name: ServiceName) -> None:
    """Delete a URL. Raises Conflict while it is linked."""
    require_there(host, name)
    with operation(host, "services:forget", subject(name), takes_away=True) as tx:
        apps = links(host, name)
        if apps:
            raise Conflict(
                "Cannot delete linked service",
                details=(f"It is linked to: {', '.join(apps)}",),
                code="linked",
                hint="First: " + "; ".join(f"services:unlink {name} {app}" for app in apps),
            )
        tx.remove(External, name)


def move_links(tx: Transaction, old: AppName, new: AppName, *, keep: bool) -> None:
    """Move the links of a renamed app (with keep: copy those of a cloned app) to the new name."""
    for name in tx.host.store.names(PLACE):
        found = tx.host.store.find(ExternalLink, name, old)
        if found is not None:
            tx.save(found, name, new)
            if not keep:
                tx.remove(ExternalLink, name, old)


def forget_app(host: Host, app: AppName) -> None:
    for name in host.store.names(PLACE):
        host.store.remove(ExternalLink, name, app)
