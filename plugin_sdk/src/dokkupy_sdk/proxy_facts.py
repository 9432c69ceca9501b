"""Facts that plugins add to an app's route by the hook `proxy_config`. Each kind of fact is a class.

Those below `ResponseHeader` are validated when they are constructed, so that an adapter can apply every fact it gets. They
apply to the whole app: to its instances and to the files of a `Location`. They do not apply to ACME challenges
(`ChallengeServer`), redirects and pages with a status. A proxy applies them in this order: redirect, rate limit, access,
password.
"""

from __future__ import annotations

import base64
import os
import re

from dokkupy.errors import UserError
from dokkupy.model.names import Domain
from dokkupy.model.proxy import ProxyFact
from dokkupy.model.secret import Secret

from dokkupy_sdk.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AccessRule",
    "BasicAuth",
    "BodySizeLimit",
    "DomainRedirect",
    "Location",
    "ProxyFact",
    "RateLimit",
    "Redirect",
    "ResponseHeader",
    "hash_password",
]


@dataclass(frozen=True, slots=True)
class Location(ProxyFact):
    """Serve a path from a directory on the host instead of the app (files, a maintenance page).

    path: `/` replaces the whole app, except for paths of other facts, and for redirects to HTTPS without `on_http_too`.
    status: 0 serves the files; 4xx or 5xx answers each request below the path with this status and the directory's
    `index.html`.
    """

    path: str
    directory: str
    exact: bool = False
    on_http_too: bool = True
    status: int = 0


@dataclass(frozen=True, slots=True)
class ResponseHeader(ProxyFact):
    """A header that the proxy adds to every response. Two plugins that set a header to different values conflict."""

    name: str
    value: str


TARGET = re.compile(r"(https?://[A-Za-z0-9.\[\]:-]+)?(/[A-Za-z0-9._~/?#&=+,:;@%!()*-]*)?")
PATH = re.compile(r"/[A-Za-z0-9._/@+~-]*")
HASH = re.compile(r"\{SSHA\}[A-Za-z0-9+/]{27,}={0,2}")
USER_NAME = re.compile(r"[A-Za-z0-9._@+-]{1,64}")
REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Redirect(ProxyFact):
    """Answer a path, and all paths below it unless `exact`, with a redirect. `/` replaces the whole app.

    target: an http or https URL, or a path on the same name; it is sent unchanged. status: 301, 302, 303, 307 or 308.
    """

    path: str
    target: str
    status: int = 301
    exact: bool = False

    def __post_init__(self) -> None:
        require(PATH.fullmatch(self.path) and ".." not in self.path.split("/"), f"path {self.path!r}", "/old")
        require(self.target and TARGET.fullmatch(self.target), f"target {self.target!r}", "https://example.com/new")
        require(self.status in REDIRECTS, f"status {self.status}", "301")


@dataclass(frozen=True, slots=True)
class DomainRedirect(ProxyFact):
    """Answer every request for one of the app's names with a redirect to the same path on another name or port, such as
    from `www.example.com` to `https://example.com`. A `Location` or `Redirect` for the request's path takes precedence, but not
    one of the whole site (`/`)."""

    domain: str
    target: str
    status: int = 301

    def __post_init__(self) -> None:
        require("*" not in self.domain and Domain(self.domain), f"domain {self.domain!r}", "www.example.com")
        found = TARGET.fullmatch(self.target)
        require(found and found[1] and not found[2], f"target {self.target!r}", "https://example.com")
        require(self.status in REDIRECTS, f"status {self.status}", "301")


@dataclass(frozen=True, slots=True)
class BasicAuth(ProxyFact):
    """Require a name and a password (RFC 7617), and answer 401 without a valid pair. users: at least one pair.

    hashed: the passwords are hashes as `hash_password` returns them. exempt: addresses and networks whose clients do not
    have to give a password.
    """

    users: tuple[tuple[str, Secret], ...]
    realm: str = "Restricted"
    hashed: bool = False
    exempt: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(self.users, "users ()", "(('ann', Secret('...')),)")
        for name, password in self.users:
            require(USER_NAME.fullmatch(name), f"user name {name!r}", "ann")
            require(0 < len(password.reveal().encode()) <= 255, f"length of the password of {name}", "1 to 255 bytes")
            is_hash = not self.hashed or HASH.fullmatch(password.reveal())
            require(is_hash, f"hash of the password of {name}", "what hash_password returns")
        require(self.realm.isprintable() and '"' not in self.realm, f"realm {self.realm!r}", "Restricted")
        require_networks(self.exempt)


def hash_password(password: Secret, salt: bytes = b"") -> Secret:
    """`{SSHA}` (RFC 2307's salted SHA-1), which a proxy compares quickly on each request. salt: by default random."""
    import hashlib

    salt = salt or os.urandom(16)
    digest = hashlib.sha1(password.reveal().encode() + salt, usedforsecurity=False).digest()
    return Secret("{SSHA}" + base64.b64encode(digest + salt).decode())


@dataclass(frozen=True, slots=True)
class AccessRule(ProxyFact):
    """Answer 403 to clients whose address is in `deny`, and, if `allow` is not empty, to all that are not in `allow`.

    Both contain IPv4 and IPv6 addresses and networks (`203.0.113.7`, `2001:db8::/32`).
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_networks((*self.allow, *self.deny))


@dataclass(frozen=True, slots=True)
class RateLimit(ProxyFact):
    """Answer 429 to a client address that sends more than `requests` per `seconds` on average, beyond `burst` at once.

    A proxy spreads the limit evenly: 60 in 60 s is one per second, and `burst` permits several at the same time.
    """

    requests: int
    seconds: int = 1
    burst: int = 0

    def __post_init__(self) -> None:
        require(0 < self.requests <= 100_000, f"number of requests {self.requests}", "from 1 to 100000")
        require(0 < self.seconds <= 60 * self.requests, f"number of seconds {self.seconds}", "60, with one request")
        require(0 <= self.burst <= 100_000, f"burst {self.burst}", "from 0 to 100000")


@dataclass(frozen=True, slots=True)
class BodySizeLimit(ProxyFact):
    """Answer 413 to a request with a larger body. size: bytes. The smallest of several limits applies, including the
    proxy's own."""

    size: int

    def __post_init__(self) -> None:
        require(0 < self.size < 2**50, f"size {self.size}", "a positive number of bytes")


def require_networks(texts: Iterable[str]) -> None:
    import ipaddress

    for text in texts:
        try:
            ipaddress.ip_network(text)
        except ValueError:
            require(False, f"network {text!r}", "192.0.2.0/24")


def require(accepted: object, what: str, example: str) -> None:
    if not accepted:
        raise UserError(f"A plugin gave the proxy an invalid {what}", hint=f"A valid example: {example}")
