"""The port map: which ports of the host lead to which ports of the containers. All rules about it are here.

An app's effective map is its own (`ports:set`), else what its build detected (EXPOSE), else `http:80:5000`. Unless the
map is its own, the app's variable PORT sets the container port of the row for its domain.
"""

from __future__ import annotations

from dokkupy.model.values import dataclass, replace

FALLBACK_PORT = 5000
"""The port on which an app without exposed ports listens: Dokku's PORT."""

DEFAULT_PORTS = {"http": 80, "https": 443}
"""The port of a client that types only a domain, by scheme."""


@dataclass(frozen=True, slots=True)
class Port:
    """A row of the port map: `scheme:host_port:container_port`. Schemes: http, https, udp, tcp, grpc, grpcs."""

    scheme: str
    host: int
    container: int

    def __str__(self) -> str:
        return f"{self.scheme}:{self.host}:{self.container}"

    @classmethod
    def from_text(cls, text: str) -> Port:
        scheme, host, container = text.split(":")
        return cls(scheme, int(host), int(container))

    @property
    def leads_to_the_domain(self) -> bool:
        return DEFAULT_PORTS.get(self.scheme) == self.host


def port_number(text: str | None) -> int | None:
    """The port in a variable's value; None if it is none. Blanks and leading zeros are ignored."""
    text = (text or "").strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else 0
    return number if 0 < number <= 65535 else None


def effective_map(own: tuple[Port, ...], detected: tuple[Port, ...], variable: int | None = None) -> tuple[Port, ...]:
    """The map that the proxy uses for an app. variable: the app's variable PORT."""
    if own:
        return own
    if not tcp_ports(detected):  # nothing or only UDP: the web process listens on the port in PORT
        return (Port("http", 80, variable or FALLBACK_PORT), *detected)
    if variable is None or variable in tcp_ports(detected):
        return detected
    first = main_row(detected)
    moved = replace(first, container=variable)
    return tuple(moved if port == first else port for port in detected)


def main_row(ports: tuple[Port, ...]) -> Port:
    """The row for the domain, else the first row that is not udp."""
    candidates = [port for port in ports if port.scheme != "udp"]
    return next((port for port in candidates if port.leads_to_the_domain), candidates[0])


def tcp_ports(ports: tuple[Port, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(port.container for port in ports if port.scheme != "udp"))


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the instances of `web` listen.

    port: the variable PORT of every container, and the port that checks try first. candidates: ports of which one must
    listen, including `port`. required: other ports that must all listen.
    """

    port: int
    candidates: tuple[int, ...]
    required: tuple[int, ...] = ()


def listening(own: tuple[Port, ...], detected: tuple[Port, ...], variable: int | None = None) -> Listening:
    """Where the instances of `web` must listen. In an app's own map, each row must lead to a listening port. An image often
    exposes more ports than the app uses, because of its base image, so there the rows for the domain count, or else any.
    """
    ports = effective_map(own, detected, variable)
    known = tcp_ports(ports)
    if not known:  # an own map of udp rows only
        port = variable or FALLBACK_PORT
        return Listening(port, ())
    if own:
        port = variable if variable in known else known[0]
        return Listening(port, (port,), tuple(number for number in known if number != port))
    if variable in known:
        return Listening(variable, (variable,))
    leading = tcp_ports(tuple(port for port in ports if port.leads_to_the_domain))
    candidates = leading or known
    return Listening(candidates[0], candidates)


def port_notes(own: tuple[Port, ...], detected: tuple[Port, ...], value: str | None) -> tuple[str, ...]:
    """Warnings about an app's variable PORT that its containers do not get."""
    if value is None:
        return ()
    variable, port = port_number(value), listening(own, detected, port_number(value)).port
    if variable is None:
        return (f"The app's variable PORT is not a port from 1 to 65535: its containers get PORT={port}",)
    if variable != port:
        return (
            f"The app's variable PORT is {variable}, but `ports:set` leads to {port}: its containers get PORT={port}",
        )
    return ()
