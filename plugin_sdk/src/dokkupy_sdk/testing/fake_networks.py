"""The fakes of the roles Networks and Volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_network

from dokkupy_sdk.errors import Conflict, NotFound
from dokkupy_sdk.roles import Network, Networks, Volumes
from dokkupy_sdk.testing.labels import covers
from dokkupy_sdk.values import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.testing.fake_engine import FakeEngine


class FakeNetworks(Networks):
    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine

    def ensure(self, name: str, *, subnet: str, labels: Mapping[str, str]) -> None:
        subnet = subnet or f"10.200.{len(self.engine.nets)}.0/24"
        for other, (taken, _) in self.engine.nets.items():
            if other != name and ip_network(taken).overlaps(ip_network(subnet)):
                raise Conflict(f"The subnet {subnet} overlaps {taken} of {other}")
        self.engine.nets.setdefault(name, (subnet, labels))

    def remove(self, name: str) -> None:
        if any(name in one.addresses for one in self.engine.made.values()):
            raise Conflict(f"The network {name} has containers in it")
        self.engine.nets.pop(name, None)

    def find_all(self, labels: Mapping[str, str]) -> list[Network]:
        return [self.network(name) for name, (_, given) in self.engine.nets.items() if covers(given, labels)]

    def find(self, name: str) -> Network | None:
        return self.network(name) if name in self.engine.nets else None

    def network(self, name: str) -> Network:
        subnet, labels = self.engine.nets[name]
        return Network(name, f"{name}-id", "bridge", subnet, "2026-01-01T00:00:00Z", labels)

    def connect(self, network: str, ref: str, aliases: Sequence[str]) -> None:
        found = self.engine.containers.find(ref)
        if found is None:
            raise NotFound(f"There is no container {ref}")
        if network not in found.addresses:
            self.engine.count += 1
            self.engine.made[found.name] = replace(
                found, addresses={**found.addresses, network: f"10.250.0.{self.engine.count}"}
            )

    def disconnect(self, network: str, ref: str) -> None:
        found = self.engine.containers.find(ref)
        if found is not None:
            left = {name: address for name, address in found.addresses.items() if name != network}
            self.engine.made[found.name] = replace(found, addresses=left)


class FakeVolumes(Volumes):
    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine

    def ensure(self, name: str, *, labels: Mapping[str, str]) -> None:
        self.engine.vols.setdefault(name, dict(labels))

    def find_all(self, labels: Mapping[str, str]) -> list[str]:
        return sorted(name for name, given in self.engine.vols.items() if covers(given, labels))

    def remove(self, name: str) -> None:
        if any(
            word.startswith(f"{name}:")
            for one in self.engine.made.values()
            for word in self.engine.specs[one.id].options
        ):
            raise Conflict(f"The volume {name} is used by a container")
        self.engine.vols.pop(name, None)
        self.engine.removed_volumes.append(name)
