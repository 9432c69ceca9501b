"""`services:*`: what concerns services of all kinds."""

from __future__ import annotations

from typing import Annotated

from dokkupy_sdk.cli import Answer, Arg, Group, Host, Opt, confirm
from dokkupy_sdk.datastore.names import ServiceName
from dokkupy_sdk.datastore.trash import SETTINGS
from dokkupy_sdk.names import PluginName
from dokkupy_sdk.settings import add_property_commands

group = Group("services", "Services of all kinds: listed, brought back, linked from elsewhere", bare="list")

Kind = Annotated[PluginName, Arg("kind", "postgres, redis...")]
Name = Annotated[ServiceName, Arg("service")]


@group.command("list", needs="host:read")
def list_services(host: Host) -> Answer:
    """List all services with their state and their apps."""
    from dokkupy_sdk.datastore import lifecycle, records

    rows = [
        {
            "service": one.subject, "image": one.image, "version": one.version, "state": lifecycle.status(host, one),
            "wanted": one.state, "links": [link.app for link in records.links(host, one)], "exposed": list(one.exposed),
        }
        for one in records.services(host)
    ]  # fmt: skip
    lines = [
        f"{row['service']:<30} {row['image']:<25} {row['state']:<12} {' '.join(row['links'])}".rstrip() for row in rows
    ]
    return Answer(rows, lines, header="Services" if rows else "")


@group.command("trash", needs="host:read")
def trash(host: Host) -> Answer:
    """List destroyed services whose data is still there."""
    from dokkupy_sdk.datastore import trash as kept

    rows = kept.rows(host)
    lines = [f"{row['service']:<30} {row['id']:<30} until {row['until']}" for row in rows]
    return Answer(rows, lines, header="Destroyed services" if rows else "")


@group.command("undestroy", needs="host:write", changes=True)
def undestroy(
    host: Host, kind: Kind, service: Name, *,
    to: Annotated[str, Opt("--to", help="Another name, when this one is taken")] = "",
) -> Answer:  # fmt: skip
    """Bring a destroyed service back, with its data; link it again afterwards."""
    from dokkupy_sdk.datastore import trash as kept

    back = kept.bring_back(host, kind, service, ServiceName(to) if to else service)
    host.out.title(f"{back.subject} is back")
    return Answer({"service": back.subject, "id": back.id})


@group.command("purge", needs="host:write", changes=True)
def purge(
    host: Host, kind: Kind, service: Name, *, force: Annotated[bool, Opt("--force", "-f", help="Do not ask")] = False
) -> Answer:
    """Remove the data of a destroyed service for ever."""
    from dokkupy_sdk.datastore import trash as kept

    one = kept.find(host, kind, service)
    if not force:
        confirm(host, service, f"the data of the destroyed {kind} service {service}")
    host.act(f"remove the data of {one.subject} ({one.id}) for ever", lambda: kept.purge(host, one))
    return Answer({"service": one.subject, "id": one.id})


add_property_commands(group, SETTINGS, needs="host:write")
