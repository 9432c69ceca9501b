"""Links: an app gets the URL of a service, and the service joins the app's network."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from dokkupy_apps.desired.config import get_env, set_env
from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, PluginError, StateError, UserError
from dokkupy_sdk.names import AppName, EnvKey, Secret
from dokkupy_sdk.operation import Transaction, call, operation
from dokkupy_sdk.values import replace

from dokkupy_services import hookspecs, records
from dokkupy_services.lifecycle.service import MOVING, require_still
from dokkupy_services.model import Link, Service, hostname_of
from dokkupy_services.names import ServiceName, linked_apps
from dokkupy_services.role import Datastore

COLORS = (
    "AQUA",
    "BLACK",
    "BLUE",
    "FUCHSIA",
    "GRAY",
    "GREEN",
    "LIME",
    "MAROON",
    "NAVY",
    "OLIVE",
    "PURPLE",
    "RED",
    "SILVER",
    "TEAL",
    "WHITE",
    "YELLOW",
)
"""The colors in the names of additional variables, in Dokku's order."""


def url_of(host: Host, datastore: Datastore, service: Service, app: AppName | None, link: Link | None = None) -> str:
    """The service's URL for an app. The app's variable KIND_DATABASE_SCHEME changes the scheme, as in Dokku."""
    hostname = link.hostname if link else service.hostname
    url = datastore.url(service, hostname, datastore.port)
    if app is not None:
        scheme = get_env(host, app).get(EnvKey(f"{service.kind.upper().replace('-', '_')}_DATABASE_SCHEME"))
        if scheme is not None and scheme.reveal():
            url = f"{scheme.reveal()}://{url.partition('://')[2]}"
    if link and link.query:
        url += ("&" if "?" in url else "?") + link.query
    return url


def is_of(service: Service, link: Link, value: str) -> bool:
    """Whether a variable's value is the URL of this service, with any scheme and query."""
    rest = value.partition("://")[2]
    if not service.user:  # without users, the URL has no password
        return rest.startswith(f"{link.hostname}:")
    return quote(service.password.reveal(), safe="") in rest and f"{link.hostname}:" in rest


def variables(host: Host, app: AppName, service: Service, link: Link) -> list[EnvKey]:
    """The app's variables that contain the service's URL."""
    return [key for key, value in get_env(host, app).items() if is_of(service, link, value.reveal())]


def free_variable(env: Mapping[EnvKey, Secret], kind: str) -> EnvKey:
    for color in COLORS:
        key = EnvKey(f"DOKKU_{kind.upper().replace('-', '_')}_{color}_URL")
        if key not in env:
            return key
    raise Conflict(f"All variables DOKKU_{kind.upper()}_COLOR_URL are taken", hint="Choose a name: --alias NAME")


def alias_variable(host: Host, datastore: Datastore, app: AppName, alias: str) -> EnvKey:
    """The variable of a new link: the requested one, else the datastore's own, else one with a color in its name."""
    env = get_env(host, app)
    if alias:
        key = EnvKey(f"{alias.upper()}_URL")
        if key in env:
            raise Conflict(
                f"Specified alias {alias} already in use by the variable {key}",
                code="alias_taken",
                hint="Choose another one: --alias NAME",
            )
        return key
    key = EnvKey(f"{datastore.alias}_URL")
    return key if key not in env else free_variable(env, datastore.kind)


def validated_query(text: str) -> str:
    if any(ord(c) <= 32 or ord(c) >= 127 or c in "#\"'\\`" for c in text) or len(text) > 512:
        raise UserError("The query string has characters that a URL cannot have; encode them, for example as %20")
    return text.removeprefix("?")


def free_hostname(host: Host, app: AppName, service: Service) -> str:
    """A host name of the service for the app. Another of its services may already have the name, if it was renamed."""
    taken = {link.hostname for one, link in records.linked_services(host, app) if one.id != service.id}
    if service.hostname not in taken:
        return service.hostname
    return next(name for number in range(2, 100) if (name := f"{service.hostname}-{number}") not in taken)


def link(
    host: Host, datastore: Datastore, name: ServiceName, app: AppName, *, alias: str = "", query: str = ""
) -> EnvKey:
    """Link a service to an app. Returns the variable with the URL. Does not restart the app."""
    host.store.require_app(app)
    kind = datastore.kind
    records.read(host, kind, name)
    with operation(host, f"{kind}:link", f"app:{app}", also=(records.subject(kind, name),)) as tx:
        service = records.read(host, kind, name)
        require_still(service)
        before = next((one for one in records.links(host, service) if one.app == app), None)
        if before is not None:
            raise Conflict(
                f"Already linked as {before.alias}",
                code="already_linked",
                hint=f"Unlink it first: {kind}:unlink {name} {app}",
            )
        key = alias_variable(host, datastore, app, alias)
        made = Link(str(app), str(key), free_hostname(host, app, service), validated_query(query))
        tx.register_undo("connect the service to the app's network", call(connect_services, app=str(app)))
        tx.save(made, kind, name, app)
        url = url_of(host, datastore, service, app, made)
        extra = {
            EnvKey(extra_key): value
            for _, (extra_key, value) in host.hooks.gather(
                hookspecs.service_link, host=host, app=app, service=service.subject
            )
        }
        set_env(tx, app, {key: Secret(url), **extra})
        tx.step("connect the service to the app's network", lambda: connect_services(host, app=str(app)))
    return key


def connect_services(host: Host, *, app: str) -> None:
    if host.store.has_app(AppName(app)):
        host.surroundings(AppName(app)).connect_services(AppName(app))


def unlink(host: Host, kind: str, name: ServiceName, app: AppName) -> list[EnvKey]:
    """Remove the link, and every variable with the URL. Returns these variables.

    It does not depend on the records of the service and the link, nor on the plugin of its kind.
    """
    host.store.require_app(app)
    with operation(host, f"{kind}:unlink", f"app:{app}", also=(records.subject(kind, name),), takes_away=True) as tx:
        service = records.on_record(host, kind, name)
        if app not in linked_apps(host, kind, name):
            raise UserError(
                f"Not linked to app {app}", code="not_linked", hint=f"Services of {app}: {kind}:app-links {app}"
            )
        keys = variables_of(host, app, kind, name, service)
        tx.register_undo("disconnect the service from the app's network", call(connect_services, app=str(app)))
        set_env(tx, app, dict.fromkeys(keys))
        tx.remove(Link, kind, name, app)
        tx.step("disconnect the service from the app's network", lambda: disconnect_service(host, str(app)))
    return keys


def variables_of(host: Host, app: AppName, kind: str, name: str, service: Service | None) -> list[EnvKey]:
    """The variables to remove. If the record of the service (None) or the link is broken, the host name identifies them."""
    try:
        found = records.link_of(host, kind, name, app)
    except StateError as fault:
        host.out.warn(fault.message)
        found = None
    if service and found:
        return variables(host, app, service, found)
    called = found.hostname if found else hostname_of(kind, name)
    return [key for key, value in get_env(host, app).items() if is_at(called, value.reveal())]


def is_at(hostname: str, value: str) -> bool:
    """Whether a variable's value is an address at a host of this name."""
    return value.partition("://")[2].rpartition("@")[2].startswith(f"{hostname}:")


def disconnect_service(host: Host, app: str) -> None:
    """Update the app's network. The link is removed even if another service of the app has a broken record, or if the app's
    scheduler is gone."""
    try:
        connect_services(host, app=app)
    except (StateError, PluginError) as fault:
        host.out.warn(f"The app's network changes only at its next start: {fault.message}")


def require_link(host: Host, service: Service, app: AppName) -> Link:
    found = next((one for one in records.links(host, service) if one.app == app), None)
    if found is None:
        raise UserError(
            f"Not linked to app {app}", code="not_linked", hint=f"Link it: {service.kind}:link {service.name} {app}"
        )
    return found


def promote(host: Host, datastore: Datastore, name: ServiceName, app: AppName) -> EnvKey:
    """Make the service the app's main one of its kind: `DATABASE_URL` gets its URL. The old value moves to another
    variable."""
    host.store.require_app(app)
    kind = datastore.kind
    service = records.read(host, kind, name)
    with operation(host, f"{kind}:promote", f"app:{app}", also=(records.subject(kind, name),)) as tx:
        found = require_link(host, service, app)
        key = EnvKey(f"{datastore.alias}_URL")
        env = get_env(host, app)
        url = Secret(url_of(host, datastore, service, app, found))
        if env.get(key) == url:
            raise Conflict(f"Service {name} already promoted as {key}", code="already_promoted")
        changes: dict[EnvKey, Secret | None] = {key: url}
        old = env.get(key)
        if old is not None and old not in [value for other, value in env.items() if other != key]:
            changes[free_variable(env, kind)] = old
        set_env(tx, app, changes)
    return key


# apps


def linked_containers(host: Host, app: AppName) -> list[tuple[str, str]]:
    """(container, host name) of the services that the app may reach."""
    return [
        (service.container, one.hostname)
        for service, one in records.linked_services(host, app)
        if service.state != MOVING
    ]


def move_links(tx: Transaction, old: AppName, new: AppName, *, keep: bool) -> None:
    """Move the links of a renamed app (with keep: copy those of a cloned app) to the new name."""
    host = tx.host
    for service, one in records.linked_services(host, old):
        tx.save(replace(one, app=str(new)), service.kind, service.name, new)
        if not keep:
            tx.remove(Link, service.kind, service.name, old)


def forget_app(host: Host, app: AppName) -> None:
    """Remove the links of a destroyed app. This does not read the services' records, which may be broken."""
    for kind in host.store.names("services"):
        for name in host.store.names("services", kind):
            host.store.remove(Link, kind, name, app)
