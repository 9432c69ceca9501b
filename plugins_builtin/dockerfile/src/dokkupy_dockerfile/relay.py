"""A relay on the loopback interface through which the engine downloads what the ADD lines of one build name.

The engine would resolve the name again and follow redirects wherever they lead. The relay connects to the address that it
validated, and validates each redirect. It runs while the build runs.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit

from dokkupy_sdk import Host
from dokkupy_sdk.build_relay import relay_key, relay_places, relay_url
from dokkupy_sdk.errors import HostError, UserError
from dokkupy_sdk.names import shown
from dokkupy_sdk.outgoing import LAN, Guard, guard_of_source, open_url
from dokkupy_sdk.values import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SECONDS = 60.0
"""How long a server may be silent."""

CHUNK = 256 * 1024
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that concern one connection (RFC 9110, section 7.6.1)."""


CLOSED = "it leads to an address of the host, of an app or of a cloud's own services"


class Relay:
    """base: the URL below which the relay serves other URLs. refused: URL -> why it was not fetched."""

    def __init__(self, guard: Callable[[], Guard], app: str, private: str = "") -> None:
        self.guard = guard
        self.key = relay_key(app, private)
        self.refused: dict[str, str] = {}
        self.lock = Lock()
        self.base = ""

    def refuse(self, url: str, reason: str) -> None:
        with self.lock:
            self.refused.setdefault(url, reason)

    def mark(self, url: str, tag: str) -> str:
        """The ETag that the engine gets. BuildKit sends those of all files that it has of the same name, also of other apps',
        and a server that answers "not modified" would get one of them into its own image."""
        sealed = hashlib.blake2b(f"{url}\n{tag}".encode(), key=self.key, digest_size=16).hexdigest()
        return f'"{sealed}-{tag.encode().hex()}"'

    def tags(self, url: str, text: str) -> list[str]:
        """The server's ETags that the engine got for this URL in a build of this app."""
        found = []
        for one in text.split(","):
            try:
                tag = bytes.fromhex(one.strip().removeprefix("W/").strip('"').partition("-")[2]).decode()
            except ValueError:
                continue
            if one.strip().removeprefix("W/").strip('"') == self.mark(url, tag).strip('"'):
                found.append(tag)
        return found


@contextmanager
def relay_of(host: Host, app: str, private: str) -> Iterator[Relay]:
    """A relay that serves. Its address is the same at each build of an app, because BuildKit knows by the URL what it has."""
    relay = Relay(lambda: replace(guard_of_source(host), allowed=LAN), app, private)
    with listening(relay) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            server.shutdown()
            thread.join()


def listening(relay: Relay) -> ThreadingHTTPServer:
    for place in relay_places(relay.key):
        try:
            server = Server(place, handler_of(relay))
        except OSError:
            continue
        relay.base = relay_url(place)
        return server
    raise HostError("No port of the loopback interface is free", hint="Run the command again.")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


def handler_of(relay: Relay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            serve(relay, self)

        do_HEAD = do_GET

        def log_message(self, format: str, *words: object) -> None:
            pass

    return Handler


def serve(relay: Relay, request: BaseHTTPRequestHandler) -> None:
    url = request.path.removeprefix("/")
    headers = {key: value for key, value in request.headers.items() if key.lower() not in HOP_BY_HOP | {"host"}}
    try:
        target, login = without_login(url)
        if login:
            headers["Authorization"] = login
        known = relay.tags(target, headers.pop("If-None-Match", ""))
        if known:
            headers["If-None-Match"] = ", ".join(known)
        if urlsplit(target).path.endswith("/info/refs"):
            raise UserError("it is a repository")
        answer = opened(target, relay.guard(), request.command, headers)
    except UserError as error:
        relay.refuse(url, CLOSED if error.code == "forbidden_address" else error.message)
        return request.send_error(403)
    except (OSError, ValueError, HTTPException) as error:
        relay.refuse(url, str(error))
        return request.send_error(502)
    with answer:
        passed(relay, request, target, answer, known)


def opened(url: str, guard: Guard, method: str, headers: Mapping[str, str]) -> Any:
    try:
        return open_url(url, guard, timeout=SECONDS, method=method, headers=headers)
    except HTTPError as error:
        return error  # it is the response, too


def passed(relay: Relay, request: BaseHTTPRequestHandler, url: str, answer: Any, known: list[str]) -> None:
    """Pass a response on to the engine."""
    status, tag = answer.status, answer.headers.get("ETag", "")
    if status == 304:
        tag = tag if tag in known else known[0] if len(known) == 1 else ""
        if not tag:
            relay.refuse(url, "the server says that nothing is new, and was not asked")
            return request.send_error(502)
    length = answer.headers.get("Content-Length")
    bare = request.command == "HEAD" or status in (204, 304)
    request.send_response(status)
    for key, value in answer.headers.items():
        if key.lower() not in HOP_BY_HOP | {"etag", "date", "server"}:
            request.send_header(key, value)
    if tag:
        request.send_header("ETag", relay.mark(url, tag))
    if length is None and not bare:
        request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    if bare:
        return
    sent = 0
    try:
        while data := answer.read(CHUNK):
            request.wfile.write(data if length is not None else b"%x\r\n%b\r\n" % (len(data), data))
            sent += len(data)
        if length is None:
            request.wfile.write(b"0\r\n\r\n")
        elif sent < int(length):
            raise HTTPException(f"the server sent {sent} of {length} bytes")
    except (OSError, HTTPException) as error:
        relay.refuse(url, str(error))  # without the rest, the engine sees that the file is cut off
        request.close_connection = True


def without_login(url: str) -> tuple[str, str]:
    """The URL without user name and password, and the header for them."""
    parts = urlsplit(url)
    login, at, place = parts.netloc.rpartition("@")
    if not at:
        return url, ""
    name, _, password = login.partition(":")
    plain = f"{unquote(name)}:{unquote(password)}".encode()
    return parts._replace(netloc=place).geturl(), f"Basic {b64encode(plain).decode()}"


def reasons(relay: Relay) -> list[str]:
    """What to print about downloads that failed, without passwords and signatures of URLs."""
    return [
        f"ADD {shown(without_login(url)[0].partition('?')[0])} failed: {reason}"
        for url, reason in relay.refused.items()
    ]
