"""The records of services: `services/KIND/NAME/service.toml`, and a file for each link, `links/APP.toml`, which belongs to
the operations of that app."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from dokkupy_sdk import Host
from dokkupy_sdk.errors import NotFound, PluginError, StateError
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.tables import record_of

from dokkupy_services.model import Link, Service
from dokkupy_services.names import ServiceName
from dokkupy_services.role import Datastore

ROLE = "datastore"


def kinds(host: Host) -> list[str]:
    """The kinds of datastores whose plugins are here."""
    return list(host.registry.group(f"dokkupy.{ROLE}"))


def datastore(host: Host, kind: str) -> Datastore:
    found = host.role(ROLE, kind)
    if not isinstance(found, Datastore):
        raise PluginError(f"{kind} is not a datastore", plugin=kind)
    return found


def place(kind: str, name: str) -> tuple[str, ...]:
    return ("services", kind, name, "service")


def subject(kind: str, name: str) -> str:
    """Of its operations."""
    return f"service:{kind}:{name}"


def has(host: Host, kind: str, name: str) -> bool:
    return bool(host.store.read(*place(kind, name)))


def is_there(host: Host, kind: str, name: str) -> bool:
    """Also where its record is broken."""
    try:
        return has(host, kind, name)
    except StateError:
        return True


def read(host: Host, kind: str, name: ServiceName) -> Service:
    """Raises NotFound, or StateError for a broken record."""
    found = find(host, kind, name)
    if found is None:
        title = datastore(host, kind).title if kind in kinds(host) else kind
        raise NotFound(f"{title} service {name} does not exist")
    return found


def find(host: Host, kind: str, name: str) -> Service | None:
    """The service, None for none. Raises StateError for a broken record."""
    table = host.store.read(*place(kind, name))
    with record_of("service", host.store.path(*place(kind, name))):
        return from_table(table) if table else None


def on_record(host: Host, kind: str, name: ServiceName) -> Service | None:
    """The service, or None where its record is broken: what takes a service away goes on then. Raises NotFound."""
    try:
        return read(host, kind, name)
    except StateError as fault:
        host.out.warn(f"{kind}:{name} is taken away without its record: {fault.message}")
        return None


def services(host: Host, kind: str = "") -> list[Service]:
    """All services, or those of a kind, by kind and name. One whose record is broken is a warning, as it must keep no
    other from its turn."""
    found, broken = readable(host, kind)
    for subject, fault in broken:
        host.out.warn(f"{subject}: {fault.message}. {fault.hint}")
    return found


def readable(host: Host, kind: str = "") -> tuple[list[Service], list[tuple[str, StateError]]]:
    """(the services, those whose record is broken with the reason)."""
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


def to_table(service: Service) -> dict[str, Any]:
    table = asdict_secrets(service)
    return {**table, "exposed": list(service.exposed)}


def asdict_secrets(service: Service) -> dict[str, Any]:
    values = {name: getattr(service, name) for name in Service.__dataclass_fields__}
    table: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Secret):
            table[name] = value.reveal()
        elif name == "custom_env":
            table[name] = {key: one.reveal() for key, one in value.items()}
        elif isinstance(value, Mapping):
            table[name] = dict(value)
        else:
            table[name] = value
    return table


def from_table(table: dict[str, Any]) -> Service:
    known = {name: table[name] for name in Service.__dataclass_fields__ if name in table}
    known["name"] = ServiceName(known["name"])
    for name in ("password", "root_password"):
        known[name] = Secret(known[name])
    known["custom_env"] = {key: Secret(value) for key, value in known.get("custom_env", {}).items()}
    known["exposed"] = tuple(known.get("exposed", ()))
    return Service(**known)


# links


def link_place(kind: str, name: str, app: str) -> tuple[str, ...]:
    return ("services", kind, name, "links", app)


def links(host: Host, service: Service) -> list[Link]:
    """By app."""
    every = host.store.names("services", service.kind, service.name, "links")
    found = [link_of(host, service.kind, service.name, app) for app in every]
    return [link for link in found if link is not None]


def link_of(host: Host, kind: str, name: str, app: str) -> Link | None:
    """The link of an app, None for none. Raises StateError for a broken record of it."""
    path = link_place(kind, name, app)
    table = host.store.read(*path)
    with record_of("link", host.store.path(*path)):
        return Link(**table) if table else None


def linked_apps(host: Host, kind: str, name: str) -> list[str]:
    """The apps that have a link, also a broken or lost one. One of an app that is gone counts no more."""
    files = host.store.files(os.path.join("services", kind, name, "links"))
    every = [os.path.basename(path).removesuffix(".toml") for path in files]
    return [app for app in every if AppName.fits(app) and host.store.has_traces(AppName(app))]


def link_table(link: Link) -> dict[str, Any]:
    return asdict(link)


def linked_services(host: Host, app: AppName) -> list[tuple[Service, Link]]:
    """The services of an app, each with its link. Raises StateError for a broken record of one of them, no other."""
    found = []
    for kind in host.store.names("services"):
        for name in host.store.names("services", kind):
            link = link_of(host, kind, name, app)
            service = find(host, kind, name) if link else None
            if service and link:
                found.append((service, link))
    return found
