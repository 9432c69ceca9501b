"""An archive by URL or standard input, into a file without a name, no larger than the host allows."""

from __future__ import annotations

import sys
from typing import IO, Any

from dokkupy_sdk.errors import HostError, UserError
from dokkupy_sdk.names import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from http.client import HTTPMessage

    from dokkupy_sdk import Host

CHUNK = 1 << 20
SECONDS = 60
MAX_REDIRECTS = 5


def obtain(host: Host, place: str, limit: int) -> IO[bytes]:
    """The archive's bytes as a file positioned at its start. place: a URL, or `--` for standard input."""
    from dokkupy_sdk.files import unnamed_file

    file = unnamed_file(host.path("tmp"))
    try:
        if place == "--":
            if sys.stdin.isatty():
                raise UserError("Pass the archive on standard input", hint="git:from-archive APP -- < app.tar.gz")
            pour(sys.stdin.buffer, file, limit)
        else:
            from dokkupy_sdk.access import is_admin

            fetch(place, file, limit, guarded=not is_admin(host))
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def pour(source: Any, file: IO[bytes], limit: int) -> None:
    total = 0
    while chunk := source.read(CHUNK):
        total += len(chunk)
        if total > limit:
            raise UserError(
                f"The archive has more than {limit} bytes",
                code="bad_archive",
                hint="An admin may allow more: git:set --global archive-max-size BYTES",
            )
        file.write(chunk)
    if not total:
        raise UserError("The archive is empty", code="bad_archive")
    file.flush()


def fetch(url: str, file: IO[bytes], limit: int, *, guarded: bool) -> None:
    """Download. guarded: who asks may not reach the host's own addresses. An admin may: a CI runner on the host serves
    archives on loopback."""
    import http.client
    import urllib.error
    import urllib.request

    require_http(url)
    transports = (
        guarded_handlers()
        if guarded
        else [urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler()]
    )
    opener = urllib.request.OpenerDirector()
    for handler in (
        redirects(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        *transports,
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(url, headers={"User-Agent": "dokkupy", "Accept": "*/*"})  # noqa: S310 - checked
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            pour(answer, file, limit)
    except urllib.error.HTTPError as error:
        raise UserError(f"{shown(without_query(url))} answers with status {error.code}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, UserError):
            raise reason from error
        raise HostError(f"{shown(without_query(url))} cannot be downloaded: {str(reason)[:200]}") from error


def without_query(url: str) -> str:
    """A query may carry a token."""
    return url.partition("?")[0]


def require_http(url: str) -> None:
    from urllib.parse import urlsplit

    if any(ord(character) < 33 or ord(character) > 126 for character in url) or len(url) > 4096:
        raise UserError("The archive's URL has spaces, control or non-ASCII characters, or is too long")
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        known = False
    if not known:
        raise UserError(f"{shown(url)} is not an http or https URL", hint="Or pass the archive on standard input: --")


def redirects() -> Any:
    import urllib.request

    class Redirects(urllib.request.HTTPRedirectHandler):
        max_redirections = MAX_REDIRECTS

        def redirect_request(
            self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
        ) -> urllib.request.Request | None:
            require_http(newurl)
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    return Redirects()


def guarded_handlers() -> list[Any]:
    """HTTP that looks at the address it was connected to, before it says a word: names can lie, and change."""
    import http.client
    import urllib.request

    class Plain(http.client.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            require_outside(self.sock)

    class Secure(http.client.HTTPSConnection):
        def connect(self) -> None:
            http.client.HTTPConnection.connect(self)
            require_outside(self.sock)
            context: Any = self._context  # type: ignore[attr-defined]
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)

    class PlainHandler(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> Any:
            return self.do_open(Plain, req)

    class SecureHandler(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> Any:
            return self.do_open(Secure, req)

    return [PlainHandler(), SecureHandler()]


def require_outside(connection: Any) -> None:
    """Raise UserError when the other end is this host, or a link-local one such as a cloud's metadata service."""
    import ipaddress

    peer, own = connection.getpeername()[0], connection.getsockname()[0]
    address = ipaddress.ip_address(peer.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    if peer == own or address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast:
        connection.close()
        raise UserError(f"The archive's URL leads to {address}, from which SSH keys may not fetch")
