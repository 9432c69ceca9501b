"""The location of a repository: parses and validates URLs before restic gets them. Pure except for `refuse_forbidden`.

/srv/backups                            a directory of this host
s3:https://HOST[:PORT]/BUCKET[/PREFIX]  Amazon S3 and what speaks its protocol
sftp:USER@HOST[:PORT]/PATH              an absolute path on an SSH server; /~/PATH is below the user's home
rest:https://HOST[:PORT]/[PATH/]        restic's own server
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import quote

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import Identifier, Secret, shown
from dokkupy_sdk.outgoing import Guard
from dokkupy_sdk.values import dataclass

NAME = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*)"
PLACE = rf"(?P<host>{NAME}|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{{1,5}}))?"
WORD = r"[A-Za-z0-9_][A-Za-z0-9._+-]*"
WEB = re.compile(rf"(?P<kind>s3|rest):(?P<scheme>https?)://{PLACE}(?P<path>/(?:{WORD}(?:/{WORD})*/?)?)")
SFTP = re.compile(
    rf"sftp:(?://)?(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]{{0,63}})@{PLACE}:?(?P<path>/(?:~/)?{WORD}(?:/{WORD})*)/?"
)
DIRECTORY = re.compile(r"/[^\x00-\x1f\x7f:\"'\\]+")

CREDENTIALS = {
    "directory": (),
    "sftp": (),
    "s3": ("access-key", "secret-key", "session-token", "region"),
    "rest": ("user", "password"),
}
"""The arguments of each kind of target, besides `key`, the encryption key of an existing repository."""

NEEDED = {"directory": (), "sftp": (), "s3": ("access-key", "secret-key"), "rest": ()}

METADATA = ("metadata.google.internal", "metadata.goog", "instance-data")
"""Names at which clouds give out credentials to their machines. Their addresses are link-local."""


@dataclass(frozen=True, slots=True)
class Location:
    """kind: directory, s3, sftp or rest. url: as typed. path: of the directory or on the server."""

    kind: str
    url: str
    path: str
    host: str = ""
    port: int = 0
    user: str = ""
    scheme: str = ""

    @property
    def is_clear(self) -> bool:
        """Whether credentials would be sent unencrypted."""
        return self.scheme == "http"

    def repository(self, user: str = "", password: Secret | None = None) -> str:
        """The URL for restic's environment, which for REST contains the login."""
        if self.kind == "directory":
            return self.path
        at = f":{self.port}" if self.port else ""
        if self.kind == "sftp":
            path = self.path.removeprefix("/~/") if self.path.startswith("/~/") else "/" + self.path.lstrip("/")
            return f"sftp://{self.user}@{self.host}{at}/{path}"
        login = f"{quote(user, safe='')}:{quote(password.reveal(), safe='')}@" if user and password else ""
        return f"{self.kind}:{self.scheme}://{login}{self.host}{at}{self.path}"


def parse_location(text: str) -> Location:
    """Parse a URL. Raises UserError unless it has one of the four forms (for `ext::sh`, `-o` or `file://`, for example)."""
    if len(text) > 1024:
        raise UserError("The target's URL is too long")
    if text.startswith("/"):
        return directory(text)
    found = WEB.fullmatch(text) or SFTP.fullmatch(text)
    if found is None or not (parts := found.groupdict()):
        raise UserError(
            f"{shown(without_login(text))} is not a target",
            hint="Use /DIRECTORY, s3:https://HOST/BUCKET, sftp:USER@HOST/PATH or rest:https://HOST/. "
            "Credentials are given beside it: access-key=... secret-key=..., or user=... password=...",
        )
    port, path, kind = int(parts["port"] or 0), parts["path"], parts.get("kind") or "sftp"
    if parts["port"] and not 0 < port < 65536:
        raise UserError(f"{parts['port']} is not a port")
    if ".." in path.split("/") or (kind == "s3" and path.strip("/") == ""):
        raise UserError(f"{shown(text)} has no valid bucket or path")
    location = Location(
        kind, text, path, parts["host"].lower(), port, parts.get("user") or "", parts.get("scheme") or ""
    )
    forbidden(location.host)
    if location.is_clear and not is_loopback(location.host):
        raise UserError(
            f"{shown(text)} would send credentials over the network unencrypted",
            hint="Use https://.",
        )
    return location


def directory(text: str) -> Location:
    path = text.rstrip("/")
    if not DIRECTORY.fullmatch(path) or any(part in ("", ".", "..") for part in path.split("/")[1:]):
        raise UserError(f"{shown(text)} is not an absolute path without `..`, quotes, colons or control characters")
    return Location("directory", text, path)


class TargetUrl(Identifier):
    """A location as an argument of a command, which is parsed so that no record contains a bad one."""

    __slots__ = ()
    what = "Target"

    @classmethod
    def accepts(cls, text: str) -> bool:
        parse_location(text)
        return True


def without_login(text: str) -> str:
    return re.sub(r"//[^/@]*@", "//***@", text) if "://" in text else text


def forbidden(host: str) -> None:
    """Refuse addresses that no backup server can have, and those at which clouds give out credentials."""
    try:
        permitted = Guard(admin=True).permits(host)
    except ValueError:
        if host in METADATA or re.fullmatch(r"[0-9.]+|0x[0-9a-f]+", host):
            raise UserError(f"{shown(host)} is not a host that can store backups") from None
        return
    if not permitted:
        raise UserError(f"{host} is not an address that can store backups")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_forbidden(location: Location) -> None:
    """Check the addresses to which the name resolves. restic reports a name that does not resolve."""
    import socket

    if not location.host:
        return
    try:
        found = socket.getaddrinfo(location.host.strip("[]"), None, type=socket.SOCK_STREAM)
    except OSError:
        return
    for *_, address in found:
        forbidden(str(address[0]).partition("%")[0])


def parse_credentials(
    location: Location, words: list[str], known: Mapping[str, Secret] = {}
) -> tuple[dict[str, Secret], Secret | None]:
    """(credentials, encryption key) from `NAME=VALUE` arguments. known: those of an existing target. Raises UserError
    without showing a value."""
    given = dict(known)
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in (*CREDENTIALS[location.kind], "key"):
            raise UserError(
                f"A target of the kind {location.kind} does not take {shown(name) if equals else 'this argument'}",
                hint="It takes: " + ", ".join(f"{one}=..." for one in (*CREDENTIALS[location.kind], "key")),
            )
        if not value or len(value) > 8192 or any(ord(one) < 32 or ord(one) == 127 for one in value):
            raise UserError(f"The {name} is empty, too long, or has control characters")
        given[name] = Secret(value)
    key = given.pop("key", None)
    missing = [one for one in NEEDED[location.kind] if one not in given]
    if missing:
        raise UserError(
            f"A target of the kind {location.kind} requires {' and '.join(missing)}",
            hint="Give them as NAME=VALUE arguments, or with --stdin one per line, which hides them from the list of processes.",
        )
    if ("user" in given) != ("password" in given):
        raise UserError("Give both user and password, or neither of them")
    return given, key
