"""This host's addresses and ports: which are its own, and which are in use."""

from __future__ import annotations

from dokkupy_sdk.errors import AppError

from dokkupy_nginx.inspect.host_config import survey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.names import AppName

    from dokkupy_nginx.config.claims import Conf
    from dokkupy_nginx.layout import Layout


def require_own_address(app: AppName, address: str, version: int) -> None:
    """Raise AppError for an address that this host does not have. nginx accepts it silently if it also listens on all
    addresses, and nobody would reach the app."""
    import socket

    if not address or address == "[::]":
        return
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address.strip("[]"), 0))
    except OSError:
        raise AppError(
            f"App {app}: the nginx property bind-address-ipv{version} is wrong: this host has no {ascii(address)}",
            code="bad_proxy_input",
            hint=f"dokkupy nginx:set {app} bind-address-ipv{version} ADDRESS",
        ) from None


def require_free_ports(layout: Layout, changed: Iterable[Conf], serving: Iterable[Conf]) -> None:
    """Raise AppError for a new port that another program holds. `nginx -t` does not check this, and a reload takes 2.5 s
    to fail because of it. The probe after a reload finds what this check misses."""
    base = {("tcp", layout.http_port), ("tcp", layout.tls_port), ("udp", layout.tls_port)}
    known = {place for conf in serving for claim in conf.claims for place in claim.places}
    new = {
        place: (conf.app, claim.is_direct)
        for conf in changed
        for claim in conf.claims
        for place in claim.places
        if place not in known and (claim.is_direct or place not in base) and (place[0] == "tcp" or claim.is_direct)
    }
    held = {place for place in new if (listened_on if place[0] == "tcp" else held_for_udp)(place[1])} if new else set()
    shared = survey(layout).ports if held else set()
    for place in held | (base & {*new}):
        app, direct = new[place]
        if direct or place[1] not in shared:
            kind = "" if place[0] == "tcp" else "UDP "
            raise AppError(
                f"App {app}: host {kind}port {place[1]} cannot be used: another program listens on it",
                hint=f"Choose another one: dokkupy ports:set {app} ...",
                code="port_taken",
            )


def listened_on(port: int) -> bool:
    """Whether a TCP socket listens on the port."""
    return in_table("tcp", port, "0A")


def held_for_udp(port: int) -> bool:
    """Whether a UDP socket has the port."""
    return in_table("udp", port, "07")


def in_table(protocol: str, port: int, state: str) -> bool:
    for table in (f"/proc/net/{protocol}", f"/proc/net/{protocol}6"):
        try:
            with open(table, encoding="ascii") as file:
                lines = file.readlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == state and int(fields[1].rpartition(":")[2], 16) == port:
                return True
    return False
