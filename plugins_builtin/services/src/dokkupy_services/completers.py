"""Completion of names of services (entry-point group `dokkupy.completers`)."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed


def services(host: Host, typed: Typed) -> list[str]:
    """The services of the command's kind that the caller may see; for `services:*`, those of the kind that was
    typed. To undestroy or purge, those in the trash."""
    from dokkupy_services import records

    if typed.command.name in ("undestroy", "purge"):
        from dokkupy_services.lifecycle.trash import entries

        return [str(one.name) for one, _ in entries(host) if one.kind in typed.arguments[:1]]
    kind = typed.namespace if typed.namespace in records.kinds(host) else "".join(typed.arguments[:1])
    return [str(service.name) for service in records.visible(host, kind)[0]]


def subjects(host: Host, typed: Typed) -> list[str]:
    """`KIND:NAME` of the services that the caller may see."""
    from dokkupy_services import records

    return [service.subject for service in records.visible(host)[0]]


def kinds(host: Host, typed: Typed) -> list[str]:
    from dokkupy_services import records

    return records.kinds(host)


def networks(host: Host, typed: Typed) -> list[str]:
    """The networks of the engine."""
    return [one.name for one in host.networks().find_all({})]


def versions(host: Host, typed: Typed) -> list[str]:
    """The tags of the kind's image that the host has, so that none is downloaded."""
    from dokkupy_services import records

    image = records.datastore(host, typed.namespace).image.rpartition(":")[0]
    names = [name for _, names, _ in host.images().find_all({}) for name in names]
    return [name.rpartition(":")[2] for name in names if name.rpartition(":")[0] == image]


def values(host: Host, typed: Typed) -> list[str]:
    """Of a property of `KIND:set`: networks, or restart policies."""
    from dokkupy_services.commands.parameters import POLICIES

    if typed.arguments[-1:] == ["restart-policy"]:
        return list(POLICIES)
    return networks(host, typed)


def mounts(host: Host, typed: Typed) -> list[str]:
    """The mounts of the service."""
    from dokkupy_services import records

    found = [one for one in records.visible(host, typed.namespace)[0] if str(one.name) in typed.arguments[:1]]
    return [str(mount) for one in found for mount in one.mounts]


def info_flags(host: Host, typed: Typed) -> list[str]:
    """The flags of `KIND:info`, each of which prints one value."""
    from dokkupy_services.answers import Info

    return sorted(f"--{name.replace('_', '-')}" for name in Info.__annotations__ if name != "service")
