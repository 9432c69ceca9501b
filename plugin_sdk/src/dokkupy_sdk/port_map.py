"""The port map: which ports of the host lead to which ports of the containers. All rules about it are here.

An app's effective map is its own (`ports:set`), else what its build detected (EXPOSE), else `http:80:5000`. Unless the
map is its own, the app's variable PORT sets the container port of the row for its domain.
"""

from __future__ import annotations

from dokkupy.model.names import EnvKey
from dokkupy.model.ports import Port
from dokkupy.model.release import Release
from dokkupy.model.secret import Secret
from dokkupy.model.values import dataclass, replace

FALLBACK_PORT = 5000
"""The port on which an app without exposed ports listens: Dokku's PORT."""


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


def ports_of(release: Release) -> tuple[Port, ...]:
    """The effective port map of a release."""
    return effective_map(release.own_ports, release.detected, port_variable(release))


def port_variable(release: Release) -> int | None:
    """The port in the variable PORT of a release; None if it has none."""
    value = release.env.get(EnvKey("PORT"))
    return port_number(value.reveal()) if value is not None else None


def environment_of(release: Release, dyno: str) -> dict[str, Secret]:
    """The variables of a container of a release."""
    own = {str(key): value for key, value in release.env.items()}
    return {**own, "PORT": Secret(str(listening(release).port)), "DYNO": Secret(dyno)}


def listening(release: Release) -> Listening:
    """Where the instances of `web` must listen. In an app's own map, each row must lead to a listening port. An image often
    exposes more ports than the app uses, because of its base image, so there the rows for the domain count, or else any.
    """
    variable, ports = port_variable(release), ports_of(release)
    known = tcp_ports(ports)
    if not known:  # an own map of udp rows only
        port = variable or FALLBACK_PORT
        return Listening(port, ())
    if release.own_ports:
        port = variable if variable in known else known[0]
        return Listening(port, (port,), tuple(number for number in known if number != port))
    if variable in known:
        return Listening(variable, (variable,))
    leading = tcp_ports(tuple(port for port in ports if port.leads_to_the_domain))
    candidates = leading or known
    return Listening(candidates[0], candidates)


def port_notes(release: Release) -> tuple[str, ...]:
    """Warnings about a variable PORT that the containers of a release do not get."""
    if EnvKey("PORT") not in release.env:
        return ()
    variable, port = port_variable(release), listening(release).port
    if variable is None:
        return (f"The app's variable PORT is not a port from 1 to 65535: its containers get PORT={port}",)
    if variable != port:
        return (
            f"The app's variable PORT is {variable}, but `ports:set` leads to {port}: its containers get PORT={port}",
        )
    return ()
