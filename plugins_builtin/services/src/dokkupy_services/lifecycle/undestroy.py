"""Restores a destroyed service from the trash."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.operation import call, operation
from dokkupy_sdk.values import replace

from dokkupy_services import records
from dokkupy_services.lifecycle import container, trash
from dokkupy_services.lifecycle.service import bring_to_state, require_free
from dokkupy_services.model import Service
from dokkupy_services.names import ServiceName


def undestroy(host: Host, kind: str, name: str, new: ServiceName) -> Service:
    """Restore a destroyed service with its data, its passwords and its image."""
    datastore = records.datastore(host, kind)
    require_free(host, datastore, new)
    with operation(host, "services:undestroy", records.subject(kind, new)) as tx:
        require_free(host, datastore, new)
        service = replace(trash.find(host, kind, name), name=new, state="running", exposed=())
        tx.register_undo("create its container", call(container.remove_service, identifier=service.id))
        tx.save(service, kind, new)
        tx.remove(trash.DestroyedService, service.id)
        tx.step(f"start {service.container}", lambda: bring_to_state(host, datastore, service))
    return service
