"""The role Networks, by Docker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dokkupy_sdk.errors import NotFound
from dokkupy_sdk.roles import Network, Networks

from dokkupy_docker.engine_api import api
from dokkupy_docker.engine_api.answers import filters
from dokkupy_docker.engine_api.errors import faults
from dokkupy_docker.network import bridge_name, dynamic_part, make_with_free_subnet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_docker.engine import DockerEngine


class DockerNetworks(Networks):
    """The networks of Docker."""

    def __init__(self, engine: DockerEngine) -> None:
        self.engine = engine

    def ensure(self, name: str, *, subnet: str, labels: Mapping[str, str]) -> None:
        if api.get(f"/networks/{api.quoted(name)}") is not None:
            return
        if not subnet:
            make_with_free_subnet(self, name, labels)
            return
        bridge = bridge_name(subnet)
        with faults(f"The network {name} could not be created"):
            body = {
                "Name": name,
                "Driver": "bridge",
                "Labels": dict(labels),
                "CheckDuplicate": True,
                "Options": {"com.docker.network.bridge.name": bridge} if bridge else {},
                "IPAM": {"Driver": "default", "Config": [{"Subnet": subnet, "IPRange": dynamic_part(subnet)}]},
            }
            api.call("POST", "/networks/create", body)

    def remove(self, name: str) -> None:
        try:
            with faults(f"The network {name} could not be removed"):
                api.call("DELETE", f"/networks/{api.quoted(name)}")
        except NotFound:
            pass

    def find_all(self, labels: Mapping[str, str]) -> list[Network]:
        found = api.get("/networks", **({"filters": {"label": filters(labels)}} if labels else {})) or []
        return [network_of(one) for one in found]

    def find(self, name: str) -> Network | None:
        found = api.get(f"/networks/{api.quoted(name)}")
        if found is None or found["Name"] != name:  # the engine takes an id for a name
            return None
        return network_of(found)

    def connect(self, network: str, ref: str, aliases: Sequence[str]) -> None:
        found = self.engine.containers.find(ref)
        if found is None:
            raise NotFound(f"There is no container {ref}", hint="Another command removed it. Run the command again.")
        if network not in found.addresses:
            with faults(f"The container {found.name} could not be connected to the network {network}"):
                body = {"Container": found.id, "EndpointConfig": {"Aliases": list(aliases)}}
                api.call("POST", f"/networks/{api.quoted(network)}/connect", body)

    def disconnect(self, network: str, ref: str) -> None:
        found = self.engine.containers.find(ref)
        if found is None or network not in found.addresses:
            return
        try:
            with faults(f"The container {found.name} could not be disconnected from the network {network}"):
                body = {"Container": found.id, "Force": True}
                api.call("POST", f"/networks/{api.quoted(network)}/disconnect", body)
        except NotFound:
            pass


def network_of(answer: Mapping[str, Any]) -> Network:
    return Network(
        answer["Name"],
        answer["Id"],
        answer["Driver"],
        subnet_of(answer),
        answer.get("Created") or "",
        answer.get("Labels") or {},
        internal=bool(answer.get("Internal")),
        ipv6=bool(answer.get("EnableIPv6")),
        scope=answer.get("Scope") or "local",
    )


def subnet_of(answer: Mapping[str, Any]) -> str:
    """The first subnet of a network that the engine describes."""
    return next((one["Subnet"] for one in (answer.get("IPAM") or {}).get("Config") or () if one.get("Subnet")), "")
