"""Sends requests as a client of an app does: to a proxy's address, with a name. Only TLS takes a heavy import."""

from __future__ import annotations

import socket
import time
from functools import partial

from dokkupy.model.ports import Port
from dokkupy.model.proxy import Route, Unserved, Upstream

from dokkupy_sdk.ports import is_direct
from dokkupy_sdk.threads import beside_each_other

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dokkupy.model.names import Domain

LIMIT = 1.0
"""Seconds to wait for the first line of the response. A slow app is not a fault."""

LIMIT_OF_THE_PROXY = 30.0
"""The same where the proxy itself answers because there is no instance: only a busy host keeps it from that for long."""

SILENT = 0.15
"""Seconds after which a connection by which nothing comes is taken for one to an instance: protocols in which the client
speaks first are silent. A proxy that reaches nobody closes it sooner."""

AT_ONCE = 16
TLS = ("https", "grpcs")
HTTP2 = ("grpc", "grpcs")
LONGEST_LINE = 4096


def status(address: str, port: int, *, name: str, tls: bool = False, limit: float = LIMIT) -> int:
    """The status of the response to `GET /`. Raises OSError; TimeoutError if there is no response in time."""
    deadline = time.monotonic() + limit
    with socket.create_connection((address, port), timeout=limit) as raw:
        connection = secured(raw, name) if tls else raw
        with connection:
            connection.sendall(
                f"GET / HTTP/1.1\r\nHost: {name}\r\nUser-Agent: dokkupy\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode()
            )
            line = b""
            while b"\n" not in line and len(line) < LONGEST_LINE:
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                chunk = connection.recv(LONGEST_LINE)
                if not chunk:
                    break
                line += chunk
    words = line.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ConnectionError("it closed the connection without an answer" if not line else "its answer is not HTTP")
    return int(words[1])


def secured(raw: socket.socket, name: str) -> socket.socket:
    """A TLS connection for a name. The certificate is not verified (see `TlsProbe.served`)."""
    import ssl

    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(raw, server_hostname=name)


def asked_name(domain: Domain | str | None, address: str) -> str:
    """The name that a client sends; for a wildcard, a name that it covers."""
    if domain is None:
        return address
    if domain == "_":
        return "dokkupy-check.invalid"
    return f"dokkupy-check{domain[1:]}" if domain.startswith("*.") else str(domain)


def unserved(route: Route, address: str, *, own: Collection[int] = (502, 504)) -> tuple[Unserved, ...]:
    """See `Proxy.unserved`. address: of the proxy. own: the statuses that the proxy itself returns if no instance answered.
    An instance that returns the same status to a direct request counts as answering."""
    rows = [
        (domain, port)
        for port in route.ports
        if port.scheme in ("http", "tcp", *TLS, *HTTP2) and (port.scheme not in TLS or route.is_secure)
        for domain in names_on(route, port)
    ]
    if not rows:
        return ()

    def look(row: tuple[Domain | None, Port]) -> Unserved | None:
        reason = why_unserved(route, row[0], row[1], address, own)
        return Unserved(*row, reason) if reason else None

    found = beside_each_other([partial(look, row) for row in rows], AT_ONCE)
    return tuple(one for one in found if one is not None)


def names_on(route: Route, port: Port) -> Sequence[Domain | None]:
    if is_direct(port):
        return (None,)
    names = [name for name in route.domains if port.scheme not in TLS or route.certificate_of(name) is not None]
    return names if route.domains else (None,)


def why_unserved(route: Route, domain: Domain | None, port: Port, address: str, own: Collection[int]) -> str:
    name, tls = asked_name(domain, address), port.scheme in TLS
    upstreams = route.upstreams.get(port.container, ())
    if is_direct(port):
        return why_not_connected(address, port.host, upstreams)
    try:
        if port.scheme in HTTP2:  # another protocol, of which only the connection is checked
            with socket.create_connection((address, port.host), timeout=LIMIT) as raw:
                if tls:
                    secured(raw, name).close()
            return ""
        found = status(address, port.host, name=name, tls=tls, limit=LIMIT if upstreams else LIMIT_OF_THE_PROXY)
    except TimeoutError:
        return silence(upstreams)
    except OSError as error:
        return f"the proxy did not answer ({error.strerror or error})"
    if found not in own:
        return ""
    return made_by_the_proxy(found, name, upstreams)


def why_not_connected(address: str, port: int, upstreams: Sequence[Upstream]) -> str:
    """The reason when a connection leads to no instance; empty when it stays open, or something comes by it. An instance
    may close it at once itself: then it is asked without the proxy."""
    try:
        with socket.create_connection((address, port), timeout=LIMIT) as connection:
            connection.settimeout(SILENT)
            if connection.recv(1):
                return ""
    except TimeoutError:
        return ""
    except ConnectionRefusedError:
        return "the proxy does not accept connections"
    except OSError:
        pass
    return silence(upstreams) and "the proxy closed the connection, and no instance accepts one"


def silence(upstreams: Sequence[Upstream]) -> str:
    """The reason why a request got no response in time; empty if an instance accepts connections, because it is slow."""
    for upstream in upstreams:
        try:
            socket.create_connection((upstream.address, upstream.port), timeout=LIMIT).close()
            return ""
        except OSError:
            continue
    return "no answer, and no instance accepts connections"


def made_by_the_proxy(found: int, name: str, upstreams: Sequence[Upstream]) -> str:
    """The reason for an error of the proxy; empty if an instance itself returns the same error."""
    reason = "the app has no instance"
    for upstream in upstreams:
        try:
            direct = status(upstream.address, upstream.port, name=name)
        except TimeoutError:
            reason = f"{upstream.address}:{upstream.port} did not answer"
            continue
        except OSError as error:
            reason = f"{upstream.address}:{upstream.port}: {error.strerror or error}"
            continue
        if direct == found:
            return ""
        reason = f"{upstream.address}:{upstream.port} itself answers {direct}"
    return f"the proxy answers {found} ({reason})"
