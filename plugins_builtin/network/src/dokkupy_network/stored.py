"""The records of networks that `network:create` created, so that one that the engine lost can be created again."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.records import Record

from dokkupy_network.names import NetworkName


class NetworkFile(Record, file="networks/*"):
    """`networks/NAME.toml`. created_at: ISO 8601, UTC."""

    created_at: str


LABEL = "com.dokku.network-name"
"""The label by which Dokku's tools know a network as managed by it."""


def known(host: Host) -> list[NetworkName]:
    return sorted(NetworkName(name) for name in host.store.names("networks"))


def present(host: Host) -> dict[str, str]:
    """Name -> subnet of every network that the engine has."""
    return {one.name: one.subnet for one in host.networks().find_all({})}


def make(host: Host, *, name: NetworkName) -> None:
    """Idempotent."""
    host.networks().ensure(name, subnet="", labels={LABEL: name, "dokkupy.network": name})
