"""What is left of destroyed services: their data and records, for a time."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from dokkupy_sdk import Host
from dokkupy_sdk.datastore import container, records
from dokkupy_sdk.datastore.model import Service
from dokkupy_sdk.datastore.names import ServiceName
from dokkupy_sdk.errors import Conflict, NotFound
from dokkupy_sdk.operation import Tx, call, operation
from dokkupy_sdk.settings import Property, Settings, integer

SETTINGS = Settings(
    "services",
    Property("trash-days", "7", help="Days for which the data of a destroyed service is kept", scope="global",
             parse=integer(0, 3650)),
    Property("previous-days", "7", help="Days for which the instance before an upgrade or import is kept", scope="global",
             parse=integer(0, 3650)),
)  # fmt: skip

PLACE = "service-trash"
DAY = 86400


def days(host: Host, name: str) -> int:
    return int(SETTINGS.get(host.store, None, name))


def discard(tx: Tx, service: Service) -> Service:
    """Keep a service's record beside its data; part of its destruction."""
    until = time.time() + days(tx.host, "trash-days") * DAY
    tx.write(PLACE, service.id, data={"until": int(until), "service": records.to_table(service)})
    return service


def entries(host: Host) -> list[tuple[Service, int]]:
    """(service, end of its time in epoch seconds), the next to go first."""
    found = []
    for identifier in host.store.names(PLACE):
        table = host.store.read(PLACE, identifier)
        if table:
            found.append((records.from_table(table["service"]), int(table["until"])))
    return sorted(found, key=lambda pair: pair[1])


def find(host: Host, kind: str, name: str) -> Service:
    """The service of this name that was destroyed last. Raises NotFound."""
    found = [service for service, _ in entries(host) if service.kind == kind and name in (service.name, service.id)]
    if not found:
        raise NotFound(f"There is no destroyed {kind} service {name} whose data is kept", hint="See: services:trash")
    return found[-1]


def bring_back(host: Host, kind: str, name: str, new: ServiceName) -> Service:
    """A destroyed service is there again, with its data, its passwords and the image that it had."""
    from dokkupy_sdk.datastore.lifecycle import bring_to_state, need_free

    datastore = records.datastore(host, kind)
    need_free(host, datastore, new)
    with operation(host, "services:undestroy", records.subject(kind, new)) as tx:
        need_free(host, datastore, new)
        service = replace(find(host, kind, name), name=new, state="running", exposed=())
        tx.protect("make its container", call(container.remove_service, identifier=service.id))
        tx.write(*records.place(kind, new), data=records.to_table(service))
        tx.delete(PLACE, service.id)
        tx.step(f"start {service.container}", lambda: bring_to_state(host, datastore, service))
    return service


def purge(host: Host, service: Service) -> None:
    """Remove for ever what is left of a destroyed service. Raises Conflict when it lives again."""
    if any(one.id == service.id for one in records.services(host)):
        raise Conflict(f"{service.subject} was brought back")
    container.remove_everything(host, service.id)
    host.store.delete(PLACE, service.id)


def purge_due(host: Host, now: float | None = None) -> list[str]:
    """Remove what has been kept long enough; for the timer."""
    at = time.time() if now is None else now
    due = [service for service, until in entries(host) if until <= at]
    for service in due:
        purge(host, service)
    return [f"removed the data of {service.subject} ({service.id})" for service in due]


def rows(host: Host) -> list[dict[str, Any]]:
    return [
        {"service": service.subject, "id": service.id, "volume": service.volume, "image": service.image,
         "until": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until))}
        for service, until in entries(host)
    ]  # fmt: skip
