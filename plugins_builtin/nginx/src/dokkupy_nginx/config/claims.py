"""The sockets and host names that an app's file claims. The file lists them in its first lines.

The claims of all other apps are therefore read from the current tree (a few kilobytes each). They are not rendered again,
and they cannot differ from what nginx serves.
"""

from __future__ import annotations

from dokkupy_sdk.errors import AppError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HTTP, TLS, H2C, TCP, UDP = "http", "tls", "h2c", "tcp", "udp"
"""The protocol of a socket. nginx applies TLS and clear-text HTTP/2 to the whole socket, not to a server."""


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """A socket that an app listens on. default: it also serves names that no other app has there. quic: it serves HTTP/3
    on the UDP port of the same number."""

    address: str
    port: int
    kind: str
    default: bool = False
    quic: bool = False

    @property
    def socket(self) -> tuple[str, int]:
        return self.address, self.port

    @property
    def is_direct(self) -> bool:
        """Whether the port is one app's alone: nothing in what comes there says whom it is for."""
        return self.kind in (TCP, UDP)

    @property
    def places(self) -> set[tuple[str, int]]:
        """The ports of the host that it takes: of TCP, of UDP, with HTTP/3 of both."""
        kinds = {"udp"} if self.kind == UDP else {"tcp", "udp"} if self.quic else {"tcp"}
        return {(kind, self.port) for kind in kinds}

    @property
    def listen(self) -> str:
        """The argument of `listen`."""
        return str(self.port) if self.address == "0.0.0.0" else f"{self.address}:{self.port}"


STREAMS = "# in stream {}:\n"
"""The line between an app's part of `http {}` and that of `stream {}`."""


@dataclass(frozen=True, slots=True)
class Conf:
    """One app's file. inputs: path and state of each file that it refers to, so that a renewed certificate is a change.
    streams: what belongs into `stream {}`; in the tree it is a file of its own."""

    app: AppName
    body: str = ""
    claims: tuple[Claim, ...] = ()
    names: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    streams: str = ""

    @property
    def quic_ports(self) -> set[int]:
        """The UDP ports of HTTP/3."""
        return {claim.port for claim in self.claims if claim.quic}

    @property
    def text(self) -> str:
        lines = [f"# dokkupy {self.app}"]
        for claim in self.claims:
            words = ["default"] * claim.default + ["quic"] * claim.quic
            lines.append(" ".join(["# socket", claim.address, str(claim.port), claim.kind, *words]))
        lines += [f"# name {name}" for name in self.names]
        lines += [f"# input {entry}" for entry in self.inputs]
        return "\n".join([*lines, "", self.body]) + (STREAMS + self.streams if self.streams else "")


def read_conf(app: AppName, text: str) -> Conf:
    """The claims of a file that dokkupy wrote."""
    claims, names, inputs = [], [], []
    for line in text.splitlines():
        word, _, rest = line.removeprefix("# ").partition(" ")
        if not line.startswith("# "):
            break
        if word == "socket":
            address, port, kind, *words = rest.split()
            claims.append(Claim(address, int(port), kind, "default" in words, "quic" in words))
        elif word == "name":
            names.append(rest)
        elif word == "input":
            inputs.append(rest)
    return Conf(app, "", tuple(claims), tuple(names), tuple(inputs))


def check_clashes(
    changed: Iterable[Conf], others: Iterable[Conf], named: Callable[[AppName], str] = "app {}".format
) -> None:
    """Raise AppError if an app in `changed` claims a name of another app, or uses a socket in a way that excludes it.
    named: how the message names the other app."""
    names: dict[str, AppName] = {}
    sockets: dict[tuple[str, int], tuple[str, AppName]] = {}
    places: dict[tuple[str, int], tuple[bool, AppName]] = {}
    defaults: dict[tuple[str, int], AppName] = {}
    for conf in (*others, *changed):
        for name in conf.names:
            owner = names.setdefault(name, conf.app)
            if owner != conf.app:
                raise AppError(
                    f"App {conf.app} cannot have the domain {name}: it belongs to {named(owner)}",
                    code="domain_taken",
                    hint="Choose another domain, or remove it there first, by domains:remove",
                )
        for claim in conf.claims:
            for place in claim.places:
                direct, owner = places.setdefault(place, (claim.is_direct, conf.app))
                if (direct or claim.is_direct) and (direct, owner) != (claim.is_direct, conf.app):
                    raise AppError(
                        f"App {conf.app} cannot use the {place[0].upper()} port {place[1]}: {named(owner)} uses it",
                        code="port_taken",
                        hint=f"Choose another host port: dokkupy ports:set {conf.app} ...",
                    )
            if claim.is_direct:
                continue
            kind, owner = sockets.setdefault(claim.socket, (claim.kind, conf.app))
            if kind != claim.kind:
                raise AppError(
                    f"App {conf.app} cannot use port {claim.port} for {SPOKEN[claim.kind]}: "
                    f"{named(owner)} uses it for {SPOKEN[kind]}",
                    code="port_taken",
                    hint=f"Choose another host port: dokkupy ports:set {conf.app} ...",
                )
            if claim.default:
                owner = defaults.setdefault(claim.socket, conf.app)
                if owner != conf.app:
                    raise AppError(
                        f"App {conf.app} cannot serve every name on port {claim.port}: {named(owner)} already does",
                        code="port_taken",
                        hint=f"Give {conf.app} a domain (domains:add) or another host port (ports:set).",
                    )


ALL = ("0.0.0.0", "[::]")  # noqa: S104 - compared, not bound
"""The addresses of a socket that listens on all of the host's, by IPv4 and IPv6."""


def hidden_on(confs: Iterable[Conf]) -> dict[str, tuple[AppName, tuple[AppName, ...]]]:
    """ADDRESS:PORT -> an app that listens on this address, and the apps that listen on all addresses and are therefore not
    reachable on this one: nginx compares addresses before it looks for the name."""
    confs = tuple(confs)
    everywhere: dict[tuple[bool, int], list[AppName]] = {}
    for conf in confs:
        for claim in conf.claims:
            if claim.address in ALL and not claim.is_direct:
                everywhere.setdefault((":" in claim.address, claim.port), []).append(conf.app)
    return {
        claim.listen: (conf.app, tuple(hidden))
        for conf in confs
        for claim in conf.claims
        if claim.address not in ALL and not claim.is_direct
        if (hidden := everywhere.get((":" in claim.address, claim.port)))
    }


SPOKEN = {HTTP: "HTTP", TLS: "HTTPS", H2C: "gRPC without TLS", TCP: "TCP", UDP: "UDP"}


def used_defaults(confs: Iterable[Conf], always: Iterable[Claim]) -> tuple[Claim, ...]:
    """The sockets on which the catch-all refuses unknown names: those in use and those in `always`, unless an app serves
    all names there."""
    found: dict[tuple[str, int], Claim] = {claim.socket: claim for claim in always}
    taken = set()
    for conf in confs:
        for claim in conf.claims:
            if claim.is_direct:
                continue
            found.setdefault(claim.socket, claim)
            if claim.default:
                taken.add(claim.socket)
    return tuple(
        sorted(Claim(c.address, c.port, c.kind, default=True) for c in found.values() if c.socket not in taken)
    )


def used_quic(confs: Iterable[Conf]) -> tuple[Claim, ...]:
    """The sockets of HTTP/3, each once. Their `default` is true if no app serves all names there."""
    claims = [claim for conf in confs for claim in conf.claims if claim.quic]
    taken = {claim.socket for claim in claims if claim.default}
    once = {claim.socket: claim for claim in claims}
    return tuple(sorted(Claim(c.address, c.port, c.kind, c.socket not in taken, True) for c in once.values()))
