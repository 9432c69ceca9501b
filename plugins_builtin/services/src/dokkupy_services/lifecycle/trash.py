"""The trash: data and records of destroyed services, which are kept for a time."""

from __future__ import annotations

import time
from typing import Any

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, NotFound
from dokkupy_sdk.many import over_each, warn_of
from dokkupy_sdk.operation import Transaction
from dokkupy_sdk.records import Record

from dokkupy_services import records
from dokkupy_services.lifecycle import container
from dokkupy_services.model import Service
from dokkupy_services.settings import SETTINGS

PLACE = "service-trash"
DAY = 86400


class DestroyedService(Record, file=f"{PLACE}/*"):
    """A destroyed service. until: when its data is deleted, in epoch seconds."""

    until: int
    service: Service


def days(host: Host, name: str) -> int:
    return int(SETTINGS.get(host.store, None, name))


def discard(tx: Transaction, service: Service) -> Service:
    """Move a service's record into the trash, as a part of its destruction."""
    until = time.time() + days(tx.host, "trash-days") * DAY
    tx.save(DestroyedService(until=int(until), service=service), service.id)
    return service


def entries(host: Host) -> list[tuple[Service, int]]:
    """(service, when its data is deleted in epoch seconds), the next one first. A broken record is only a warning."""
    found, failed = over_each(host.store.names(PLACE), lambda identifier: entry(host, identifier))
    warn_of(host, failed)
    return sorted((one for _, one in found if one), key=lambda pair: pair[1])


def entry(host: Host, identifier: str) -> tuple[Service, int] | None:
    found = host.store.find(DestroyedService, identifier)
    return (found.service, found.until) if found is not None else None


def broken(host: Host) -> list[str]:
    """Ids of destroyed services whose record cannot be read."""
    return [identifier for identifier, _ in over_each(host.store.names(PLACE), lambda one: entry(host, one))[1]]


def find(host: Host, kind: str, name: str) -> Service:
    """The service of this name that was destroyed last. Raises NotFound."""
    found = [service for service, _ in entries(host) if service.kind == kind and name in (service.name, service.id)]
    if not found:
        raise NotFound(f"There is no destroyed {kind} service {name} in the trash", hint="See: services:trash")
    return found[-1]


def purge(host: Host, identifier: str) -> None:
    """Permanently delete the data of a destroyed service. Raises Conflict if it has been restored."""
    back = next((one for one in records.services(host) if one.id == identifier), None)
    if back is not None:
        raise Conflict(
            f"{back.subject} was restored from the trash, so it is not purged",
            hint=f"To delete it: {back.kind}:destroy {back.name}",
        )
    container.remove_everything(host, identifier=identifier)
    host.store.remove(DestroyedService, identifier)


def purge_due(host: Host, now: float | None = None) -> list[str]:
    """Delete the data that has been kept long enough. The timer calls this."""
    at = time.time() if now is None else now
    due = [service for service, until in entries(host) if until <= at]
    done, failed = over_each(due, lambda service: purge(host, service.id))
    warn_of(host, [(service.subject, fault) for service, fault in failed])
    return [f"removed the data of {service.subject} ({service.id})" for service, _ in done]


def rows(host: Host) -> list[dict[str, Any]]:
    return [
        {
            "service": service.subject,
            "id": service.id,
            "volume": service.volume,
            "image": service.image,
            "until": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until)),
        }
        for service, until in entries(host)
    ]
