"""The doctor's findings about the networks that apps share."""

from __future__ import annotations

from collections.abc import Iterator

from dokkupy_sdk import Host
from dokkupy_sdk.model import Finding

from dokkupy_network.attach import every
from dokkupy_network.names import NetworkName
from dokkupy_network.stored import known, present

CHECK = "networks"


def findings(host: Host) -> Iterator[Finding]:
    made = known(host)
    joined = {app: names for app in host.store.apps() if (names := every(host, app))}
    if not made and not joined:
        return
    there = present(host)
    for name in made:
        if name not in there:
            yield Finding(CHECK, "error", f"The network {name} is missing from the engine", remedy="dokkupy recover")
    for app, names in joined.items():
        for name in names:
            if name not in there and name not in made:
                yield Finding(
                    CHECK,
                    "error",
                    f"The network {name} does not exist, but {app} is set to join it",
                    remedy=f"dokkupy network:create {name}",
                )


def unused(host: Host) -> list[NetworkName]:
    """The networks that dokkupy created, that the engine has, and that no container is in."""
    there = present(host)
    occupied = {network for one in host.containers().find_all({}) for network in one.addresses}
    return [name for name in known(host) if name in there and name not in occupied]
