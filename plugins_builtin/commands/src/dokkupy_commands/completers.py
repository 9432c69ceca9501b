"""Completion of builds and ports (entry-point group `dokkupy.completers`)."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed
from dokkupy_sdk.names import AppName


def build_ids(host: Host, typed: Typed) -> list[str]:
    from dokkupy_apps.builds.records import builds_of

    return [str(facts["id"]) for facts in builds_of(host, AppName(typed.app))] if typed.app else []


def ports(host: Host, typed: Typed) -> list[str]:
    """The app's own ports, as mappings and by their ports of the host."""
    from dokkupy_sdk.state import PortsFile

    mappings = [str(row) for row in host.store.load(PortsFile, AppName(typed.app)).map] if typed.app else []
    return [*mappings, *(text.split(":")[1] for text in mappings)]
