"""Requests that the host sends for a user. A name is resolved once, all of its addresses are validated, and the connection
goes to one of them. A name that changes its address in the meantime therefore leads nowhere else. Each redirect is
validated like the first URL.
"""

from __future__ import annotations

from dokkupy_sdk.errors import DokkupyError, UserError
from dokkupy_sdk.names import shown
from dokkupy_sdk.values import dataclass, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Mapping
    from http.client import HTTPMessage
    from ipaddress import IPv4Address, IPv6Address
    from typing import IO, Any

    from dokkupy_sdk import Host

MAX_REDIRECTS = 10
"""As many as the engine follows (Go, net/http)."""
MAX_URL = 4096
NAT64 = "64:ff9b::/96"
"""IPv6 addresses that carry an IPv4 one in their last 32 bits (RFC 6052)."""


METADATA = ("100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254")
"""Addresses, besides the link-local ones, at which clouds give credentials to anyone who asks: Alibaba, Oracle, Azure's
host agent, AWS and Google by IPv6."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Which addresses may be reached.

    admin: also those of the host itself and of private networks, because a CI runner there may serve archives, but never
    the link-local ones, at which clouds give out credentials. allowed: private networks (CIDR) that an admin has opened
    for everybody. own: the engine's networks, in which the apps run.
    """

    admin: bool = False
    allowed: tuple[str, ...] = ()
    own: tuple[str, ...] = ()

    def permits(self, address: str) -> bool:
        found = plain(address)
        if found.is_link_local or found.is_multicast or found.is_unspecified or str(found) in METADATA:
            return False
        if self.admin:
            return True
        if within(found, self.own) or found.is_loopback:
            return False
        reserved = found.is_reserved or getattr(found, "is_site_local", False)
        return within(found, self.allowed) or (found.is_global and not reserved)

    def resolve(self, name: str, port: int) -> list[str]:
        """The addresses of a host name. Raises UserError if one is not permitted, and OSError if there is none."""
        import socket

        rows = socket.getaddrinfo(name.strip("[]"), port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(row[4][0]) for row in rows))
        for address in addresses:
            if not self.permits(address) or (not self.admin and is_of_this_host(address)):
                raise refusal(name, address)
        return addresses

    def connect(
        self, place: tuple[str, int], timeout: float | None = None, source_address: object = None
    ) -> socket.socket:
        """Connect to the first of the validated addresses that answers. It is called like `socket.create_connection`."""
        import socket

        failure: OSError | None = None
        for address in self.resolve(*place):
            try:
                connection = socket.create_connection((address, place[1]), timeout=timeout)
            except OSError as error:
                failure = error
                continue
            if not self.admin and connection.getpeername()[0] == connection.getsockname()[0]:
                connection.close()
                raise refusal(place[0], address)
            return connection
        raise failure or OSError(f"{place[0]} has no address")


def guard_of(host: Host, allowed: Iterable[str] = ()) -> Guard:
    """The guard for the caller of the command."""
    from dokkupy_sdk.access import is_admin

    return Guard(admin=True) if is_admin(host) else replace(guard_of_source(host), allowed=tuple(allowed))


def guard_of_source(host: Host) -> Guard:
    """The guard for an address from an app's source, which is untrusted even if an admin deploys it."""
    try:
        own = tuple(one.subnet for one in host.networks().find_all({}) if one.subnet)
    except DokkupyError:
        own = ()  # the engine is down, so its networks cannot be reached
    return Guard(own=own)


def is_of_this_host(address: str) -> bool:
    """Whether an interface of this host has the address."""
    unused = "2001:db8::1" if ":" in address else "192.0.2.1"  # can be bound only if `ip_nonlocal_bind` is on
    return can_bind(address) and not can_bind(unused)


def can_bind(address: str) -> bool:
    import socket

    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


LAN = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""Networks in which companies often have their registry. The engine's own networks in this range remain closed."""


def require_registry(host: Host, image: str) -> None:
    """Raise UserError if the registry in an image's name is the host itself or an app, unless the caller is an admin. The
    engine connects later, by the name, so this does not stop someone who can change the name's address in between."""
    from dokkupy_sdk.access import is_admin

    first, slash, _ = image.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost") or is_admin(host):
        return  # without a registry in the name, the engine uses its default
    name, _, port = first.partition(":")
    try:
        replace(guard_of_source(host), allowed=LAN).resolve(name, int(port or 443))
    except OSError:
        return  # the engine reports that the name cannot be resolved


def refusal(name: str, address: str) -> UserError:
    where = shown(name) if name.strip("[]") == address else f"{shown(name)} ({address})"
    return UserError(
        f"{where} is an address of the host, private or reserved, from which SSH keys may not fetch",
        code="forbidden_address",
        hint="Use a public address, or ask an admin.",
    )


def plain(address: str) -> IPv4Address | IPv6Address:
    """The address that is reached, which may be an IPv4 address inside an IPv6 one."""
    import ipaddress

    found = ipaddress.ip_address(address.partition("%")[0].strip("[]"))
    if isinstance(found, ipaddress.IPv4Address):
        return found
    if found in ipaddress.ip_network(NAT64):
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found.sixtofour or found


def within(address: IPv4Address | IPv6Address, networks: Iterable[str]) -> bool:
    import ipaddress

    return any(address in ipaddress.ip_network(one, strict=False) for one in networks)


def open_url(
    url: str, guard: Guard, *, timeout: float, method: str = "GET", headers: Mapping[str, str] | None = None
) -> Any:
    """The response to a request: a context manager that is read like a file. Raises UserError for an address that is not
    permitted, `urllib.error.HTTPError` for a status of 400 or more, and OSError or `http.client.HTTPException` for other
    failures."""
    import urllib.error
    import urllib.request

    require_without_login(url)
    opener = urllib.request.OpenerDirector()
    transport = Transport(guard)
    for handler in (
        transport.redirects(url),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        *([urllib.request.ProxyHandler()] if guard.admin else []),
        *transport.handlers(),
    ):
        opener.add_handler(handler)
    given = {"User-Agent": "dokkupy", "Accept": "*/*"} if headers is None else dict(headers)
    request = urllib.request.Request(url, headers=given, method=method)  # noqa: S310 - checked
    try:
        return opener.open(request, timeout=timeout)
    except urllib.error.URLError as error:
        if isinstance(error.reason, UserError):
            raise error.reason from error
        raise


def require_http(url: str) -> None:
    """Raise UserError unless the text is an http or https URL."""
    from urllib.parse import urlsplit

    if any(ord(character) < 33 or ord(character) > 126 for character in url) or len(url) > MAX_URL:
        raise UserError("The URL has spaces, control or non-ASCII characters, or is too long")
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        known = False
    if not known:
        raise UserError(f"{shown(url.partition('?')[0])} is not an http or https URL")


def require_without_login(url: str) -> None:
    """Raise UserError unless the text is an http or https URL without a user name and password. A connection would take the
    password for the port, and its error prints it."""
    from urllib.parse import urlsplit

    require_http(url)
    if "@" in urlsplit(url).netloc:
        raise UserError(
            "The URL has a user name or password, which is not sent",
            hint="Use a URL without them, such as a signed one.",
        )


class Transport:
    """Connections by the guard. An admin's URL may lead into a private network, but a redirect from another host may
    not."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard

    def handlers(self) -> list[Any]:
        import http.client
        import urllib.request

        def connect(place: tuple[str, int], timeout: Any = None, source: object = None) -> socket.socket:
            return self.guard.connect(place, timeout)

        def guarded(kind: type[http.client.HTTPConnection]) -> Any:
            def make(*words: Any, **options: Any) -> http.client.HTTPConnection:
                connection = kind(*words, **options)
                connection._create_connection = connect  # type: ignore[attr-defined]
                return connection

            return make

        class Plain(urllib.request.HTTPHandler):
            def http_open(self, req: urllib.request.Request) -> Any:
                return self.do_open(guarded(http.client.HTTPConnection), req)

        class Secure(urllib.request.HTTPSHandler):
            def https_open(self, req: urllib.request.Request) -> Any:
                return self.do_open(guarded(http.client.HTTPSConnection), req)

        return [Plain(), Secure()]

    def redirects(self, url: str) -> Any:
        import urllib.request
        from urllib.parse import urlsplit

        transport = self

        class Redirects(urllib.request.HTTPRedirectHandler):
            max_redirections = MAX_REDIRECTS

            def redirect_request(
                self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
            ) -> urllib.request.Request | None:
                require_http(newurl)
                if urlsplit(newurl).hostname != urlsplit(url).hostname:
                    transport.guard = replace(transport.guard, admin=False)
                return super().redirect_request(req, fp, code, msg, headers, newurl)

        return Redirects()
