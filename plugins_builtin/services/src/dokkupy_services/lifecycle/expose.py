"""Expose a service: a small container forwards a port of the host to it, so that the service itself is not restarted.
The port is on loopback, unless an address is given.

The program is the host's socat, which `dokkupy_sdk.programs` provides in the container.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Sequence
from ipaddress import ip_address

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, HostError, NotFound, UserError
from dokkupy_sdk.operation import call, operation
from dokkupy_sdk.programs import ensure_image
from dokkupy_sdk.roles import ContainerSpec
from dokkupy_sdk.values import replace

from dokkupy_services import records
from dokkupy_services.lifecycle import container
from dokkupy_services.model import Service
from dokkupy_services.names import ServiceName
from dokkupy_services.role import Datastore

LOOPBACK = "127.0.0.1"
SOCAT = "/usr/bin/socat"
NOBODY = "65534:65534"


def parse(text: str) -> tuple[str, int]:
    """`5432`, `127.0.0.1:5432` or `[::1]:5432` -> (address, port)."""
    found = re.fullmatch(r"(?:(\[[0-9a-fA-F:.]+\]|[0-9.]+):)?(\d{1,5})", text)
    if not found or not 0 < int(found[2]) < 65536:
        raise UserError(
            f"{text[:60]!r} is not a port, or ADDRESS:PORT", hint="Such as 5432, 127.0.0.1:5432 or [::1]:5432."
        )
    try:
        address = str(ip_address((found[1] or LOOPBACK).strip("[]")))
    except ValueError:
        raise UserError(
            f"{text[:60]!r} does not begin with an address", hint="Such as 127.0.0.1:5432 or [::1]:5432."
        ) from None
    return address, int(found[2])


def free_port(address: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as found:
        found.bind((address, 0))
        return int(found.getsockname()[1])


def expose(host: Host, datastore: Datastore, name: ServiceName, wanted: Sequence[str]) -> Service:
    """Map ports of the host to the service's ports, in order. Without any, each gets a free port on loopback."""
    kind = datastore.kind
    records.read(host, kind, name)
    places = [parse(text) for text in wanted]
    if len(places) > len(datastore.ports):
        raise UserError(
            f"{datastore.title} has {len(datastore.ports)} ports, not {len(places)}",
            hint=f"Its ports: {', '.join(map(str, datastore.ports))}. Give at most one port of the host for each, in this order.",
        )
    if not os.access(SOCAT, os.X_OK):
        raise HostError("The program socat is not installed", hint="apt-get install socat")
    with operation(host, f"{kind}:expose", records.subject(kind, name)) as tx:
        service = records.read(host, kind, name)
        if service.exposed:
            raise Conflict(
                f"Service {name} already exposed on port(s): {' '.join(service.exposed)}",
                code="exposed",
                hint=f"Close them first: {kind}:unexpose {name}",
            )
        if not places:
            places = [(LOOPBACK, free_port(LOOPBACK)) for _ in datastore.ports]
        rows = tuple(row(address, outer, inner) for (address, outer), inner in zip(places, datastore.ports))
        after = replace(service, exposed=rows)
        tx.register_undo("close its ports", call(remove_ambassadors, kind=kind, name=str(name)))
        tx.save(after, kind, name)
        tx.step(f"forward {', '.join(rows)} to {service.subject}", lambda: bring_ambassadors(host, after))
    return after


def row(address: str, outer: int, inner: int) -> str:
    return f"[{address}]:{outer}:{inner}" if ":" in address else f"{address}:{outer}:{inner}"


def unexpose(host: Host, datastore: Datastore, name: ServiceName) -> Service:
    kind = datastore.kind
    records.read(host, kind, name)
    with operation(host, f"{kind}:unexpose", records.subject(kind, name), takes_away=True) as tx:
        service = records.read(host, kind, name)
        if not service.exposed:
            raise NotFound(
                f"Service {name} is not exposed", code="not_exposed", hint=f"Expose it: {kind}:expose {name}"
            )
        after = replace(service, exposed=())
        tx.describe_plan(f"close the ports of {service.subject}")
        tx.save(after, kind, name)
        tx.commit(after=(call(remove_ambassadors, kind=kind, name=str(name)),))
    return after


def split(text: str) -> tuple[str, int, int]:
    address, outer, inner = text.rsplit(":", 2)
    return address.strip("[]"), int(outer), int(inner)


def bring_ambassadors(host: Host, service: Service) -> list[str]:
    """Create the containers for a service's exposed ports. Returns the new ones. Idempotent."""
    made = []
    for name, text in zip(service.ambassadors, service.exposed, strict=True):
        address, outer, inner = split(text)
        found = host.containers().find(name)
        if found is not None and found.state == "running":
            continue
        image = ensure_image(host)
        host.containers().remove(name)
        host.containers().create(
            ContainerSpec(
                name,
                image,
                entrypoint=(),
                command=(SOCAT, f"TCP-LISTEN:{inner},fork,reuseaddr", f"TCP:{container.OWN_NAME}:{inner}"),
                labels={**container.labels(service), "dokkupy.kind": "ambassador"},
                network=container.network_of(service),
                publish=((address, outer, inner),),
                restart_policy="always",
                options=("--volume", "/usr:/usr:ro", "--user", NOBODY, "--cap-drop", "ALL", "--read-only"),
                init=False,
            )
        )
        made.append(name)
    return made


def remove_ambassadors(host: Host, *, kind: str, name: str) -> None:
    if not records.has(host, kind, name):
        return
    service = records.read(host, kind, ServiceName(name))
    for one in container.containers_of(host, service.id):
        if one.labels.get("dokkupy.kind") == "ambassador":
            host.containers().remove(one.id)


def arrows(service: Service) -> str:
    """The exposed ports in Dokku's notation: `5432->127.0.0.1:15432`."""
    found = []
    for text in service.exposed:
        address, outer, inner = split(text)
        found.append(f"{inner}->{f'[{address}]' if ':' in address else address}:{outer}")
    return " ".join(found)


def is_open(service: Service) -> bool:
    """Whether other hosts can reach an exposed port."""
    return any(not ip_address(split(text)[0]).is_loopback for text in service.exposed)
