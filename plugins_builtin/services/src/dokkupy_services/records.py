"""The records of services: `services/KIND/NAME/service.toml`, and a file for each link, `links/APP.toml`, which belongs to
the operations of that app."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import NotFound, PluginError, StateError
from dokkupy_sdk.names import AppName

from dokkupy_services.model import Link, Service
from dokkupy_services.names import ServiceName
from dokkupy_services.role import Datastore

ROLE = "datastore"


def kinds(host: Host) -> list[str]:
    """The kinds of datastores whose plugins are installed."""
    return list(host.registry.group(f"dokkupy.{ROLE}"))


def datastore(host: Host, kind: str) -> Datastore:
    found = host.role(ROLE, kind)
    if not isinstance(found, Datastore):
        raise PluginError(
            f"{kind} is not a datastore",
            plugin=kind,
            hint="Update or disable the plugin that offers it: dokkupy plugin:list",
        )
    return found


def subject(kind: str, name: str) -> str:
    """The subject of the service's operations."""
    return f"service:{kind}:{name}"


def has(host: Host, kind: str, name: str) -> bool:
    return host.store.find(Service, kind, name) is not None


def is_there(host: Host, kind: str, name: str) -> bool:
    """Also for a broken record."""
    try:
        return has(host, kind, name)
    except StateError:
        return True


def read(host: Host, kind: str, name: ServiceName) -> Service:
    """Raises NotFound, or StateError for a broken record."""
    found = find(host, kind, name)
    if found is None:
        raise no_service(host, kind, name)
    return found


def no_service(host: Host, kind: str, name: str) -> NotFound:
    """The error for an unknown name of a service."""
    title = datastore(host, kind).title if kind in kinds(host) else kind
    return NotFound(f"{title} service {name} does not exist")


def find(host: Host, kind: str, name: str) -> Service | None:
    """The service; None if there is none. Raises StateError for a broken record."""
    return host.store.find(Service, kind, name)


def on_record(host: Host, kind: str, name: ServiceName) -> Service | None:
    """The service; None if its record is broken, because it must be possible to remove it. Raises NotFound."""
    try:
        return read(host, kind, name)
    except StateError as fault:
        host.out.warn(f"{kind}:{name} is removed although its record cannot be read: {fault.message}")
        return None


def services(host: Host, kind: str = "") -> list[Service]:
    """All services, or those of a kind, by kind and name. A broken record is only a warning, because it must not affect
    the other services."""
    found, broken = readable(host, kind)
    for subject, fault in broken:
        host.out.warn(f"{subject}: {fault.message}. {fault.hint}")
    return found


def readable(host: Host, kind: str = "") -> tuple[list[Service], list[tuple[str, StateError]]]:
    """(the services, those with a broken record and the reason)."""
    found: list[Service] = []
    broken: list[tuple[str, StateError]] = []
    for one in [kind] if kind else host.store.names("services"):
        for name in host.store.names("services", one):
            try:
                service = find(host, one, name)
                found += [service] if service else []
            except StateError as fault:
                broken.append((f"{one}:{name}", fault))
    return found, broken


def visible(host: Host, kind: str = "") -> tuple[list[Service], list[tuple[str, StateError]]]:
    """The services that the caller may see. A key sees those whose linked apps are all its own."""
    from dokkupy_sdk.access import allowed, is_admin

    found, broken = readable(host, kind)
    mine = [one for one in found if allowed(host, "service:read", one.name, one.kind)]
    return mine, broken if is_admin(host) else []


# links


def links(host: Host, service: Service) -> list[Link]:
    """By app."""
    every = host.store.names("services", service.kind, service.name, "links")
    found = [link_of(host, service.kind, service.name, app) for app in every]
    return [link for link in found if link is not None]


def link_of(host: Host, kind: str, name: str, app: str) -> Link | None:
    """The link of an app; None if there is none. Raises StateError if its record is broken."""
    return host.store.find(Link, kind, name, app)


def linked_services(host: Host, app: AppName) -> list[tuple[Service, Link]]:
    """The services of an app, with their links. Raises StateError only if the record of one of these is broken."""
    found = []
    for kind in host.store.names("services"):
        for name in host.store.names("services", kind):
            link = link_of(host, kind, name, app)
            service = find(host, kind, name) if link else None
            if service and link:
                found.append((service, link))
    return found
