"""Addresses: a subnet for each app, a fixed address for each instance. Pure, except for requests to the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, ip_network

from dokkupy_sdk.errors import Conflict, HostError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.roles import Container, Containers, Engine, Networks

POOL = "10.208.0.0/12"
"""4096 networks of 254 addresses; outside Docker's own default pools (172.17-31, 192.168) and most companies' 10.0."""

BRIDGE = "dokkupy-"
"""The prefix of the names of dokkupy's bridges, by which the packet filter matches them."""

SIZE = 24
ATTEMPTS = 20


def network_name(app: AppName) -> str:
    return f"dokkupy-app-{app}"


def bridge_name(subnet: str) -> str:
    """The bridge of a network of the pool, `dokkupy-208-1` for 10.208.1.0/24; at most the kernel's 15 characters."""
    network = ip_network(subnet, strict=False)
    if not network.overlaps(IPv4Network(POOL)):
        return ""
    _, second, third, _ = str(network.network_address).split(".")
    return f"{BRIDGE}{second}-{third}"


def free_subnet(taken: Iterable[str], after: int = 0) -> str:
    """The first subnet of the pool that overlaps none of the taken; `after` skips that many."""
    used = [ip_network(text, strict=False) for text in taken if text and ":" not in text]
    for subnet in IPv4Network(POOL).subnets(new_prefix=SIZE):
        if not any(subnet.overlaps(other) for other in used if isinstance(other, IPv4Network)):
            if after == 0:
                return str(subnet)
            after -= 1
    raise HostError(f"All networks of {POOL} are in use", hint="Destroy apps that are no longer used.")


def ensure(networks: Networks, app: AppName) -> str:
    """Create the app's network if it does not exist, and return its subnet."""
    name = network_name(app)
    found = networks.find(name)
    if found is None:
        networks.ensure(name, subnet="", labels={"dokkupy.app": app, "com.dokku.app-name": app})
        found = networks.find(name)
    if found is None:
        raise HostError(
            f"The engine reported the network {name} as created, but does not list it",
            hint="Restart the engine: sudo systemctl restart docker. Then run the command again.",
        )
    return found.subnet


def make_with_free_subnet(networks: Networks, name: str, labels: Mapping[str, str]) -> None:
    for attempt in range(ATTEMPTS):
        every = {one.name: one.subnet for one in networks.find_all({})}
        if name in every:
            return
        try:
            networks.ensure(name, subnet=free_subnet(every.values(), attempt), labels=labels)
        except Conflict:
            continue  # the host itself uses this range, or another command has just taken it
        return
    raise HostError(f"No subnet for the network {name} was accepted by the engine", hint=f"Free a part of {POOL}.")


def members(containers: Containers, app: AppName) -> list[Container]:
    """The containers in the app's network, also stopped ones."""
    name = network_name(app)
    return [one for one in containers.find_all({}, network=name) if name in one.addresses]


def guests(present: Iterable[Container]) -> list[Container]:
    """Those of the containers that belong to no app."""
    return [one for one in present if "dokkupy.app" not in one.labels]


def remove(engine: Engine, app: AppName) -> None:
    """Remove the app's network, after the containers of others were disconnected. Raises Conflict while a container of
    the app is in it."""
    for one in guests(members(engine.containers, app)):
        engine.networks.disconnect(network_name(app), one.id)
    engine.networks.remove(network_name(app))


def dynamic_part(subnet: str) -> str:
    """The last quarter of the subnet, from which the engine assigns addresses to one-off and linked containers.
    Otherwise it could assign the addresses of stopped instances, which could then not start again."""
    whole = ip_network(subnet, strict=False)
    return str(list(whole.subnets(prefixlen_diff=2))[-1]) if whole.prefixlen <= 28 else str(whole)


def free_addresses(subnet: str, taken: Iterable[str], count: int) -> list[str]:
    """The first free addresses after the gateway's."""
    used = set(taken)
    dynamic = ip_network(dynamic_part(subnet))
    own = [one for one in ip_network(subnet).hosts() if one not in dynamic or str(dynamic) == subnet]
    found: list[str] = []
    for number, address in enumerate(own):
        if len(found) == count:
            break
        if number > 0 and str(address) not in used:
            found.append(str(address))
    if len(found) < count:
        raise HostError(f"The network {subnet} has no {count} free addresses", hint="Scale the app down.")
    return found
