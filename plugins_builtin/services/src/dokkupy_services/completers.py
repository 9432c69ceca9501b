"""Completion of names of services (entry-point group `dokkupy.completers`)."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed


def services(host: Host, typed: Typed) -> list[str]:
    """The services of the command's kind that the caller may see; for `services:*`, those of the kind that was
    typed."""
    from dokkupy_services import records

    kind = typed.namespace if typed.namespace in records.kinds(host) else "".join(typed.arguments[:1])
    return [str(service.name) for service in records.visible(host, kind)[0]]


def subjects(host: Host, typed: Typed) -> list[str]:
    """`KIND:NAME` of the services that the caller may see."""
    from dokkupy_services import records

    return [service.subject for service in records.visible(host)[0]]
