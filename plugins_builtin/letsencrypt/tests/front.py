"""A TLS front for Pebble: hands everything on, and lets a test say what happens at a request instead."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable

from dokkupy_sdk.testing.ports import free_port

from plugins_builtin.letsencrypt.tests.authority import Pebble

Answer = tuple[int, list[tuple[str, str]], bytes]
"""Status, headers (several Links among them), body."""

Rule = Callable[[], Answer | None]

SAID = (
    "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after {}: see "
    "https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers"
)


def rate_limited(detail: str, headers: dict[str, str] | None = None, status: int = 429) -> Answer:
    """As Let's Encrypt refuses an order."""
    problem = {"type": "urn:ietf:params:acme:error:rateLimited", "detail": detail, "status": status}
    named = {"Content-Type": "application/problem+json", **(headers or {})}
    return status, list(named.items()), json.dumps(problem).encode()


class Front:
    """rules: by a part of the request's path, what is answered; a rule that returns None lets it through. asked: the
    paths that came, in order."""

    def __init__(self, pebble: Pebble) -> None:
        self.pebble = pebble
        self.port = free_port()
        self.rules: dict[str, Rule] = {}
        self.asked: list[str] = []
        handler = type("Handler", (Handler,), {"front": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pebble.bundle, pebble.bundle.replace(".crt", ".key"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=lambda: self.server.serve_forever(0.02), daemon=True).start()

    @property
    def directory(self) -> str:
        return f"https://localhost:{self.port}/dir"

    def count(self, part: str) -> int:
        return sum(part in path for path in self.asked)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    front: Front
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.front.asked.append(self.path)
        rule = next((rule for part, rule in self.front.rules.items() if part in self.path), None)
        try:
            self.answer(*((rule and rule()) or self.hand_on(body)))
        except OSError:
            self.close_connection = True  # who asked was killed

    def hand_on(self, body: bytes) -> Answer:
        """With the front's own host name, of which Pebble makes its addresses."""
        request = urllib.request.Request(
            f"https://localhost:{self.front.pebble.port}{self.path}", data=body or None, method=self.command,
            headers={key: value for key, value in self.headers.items() if key.lower() not in HOP},
        )  # fmt: skip
        context = ssl.create_default_context(cafile=self.front.pebble.bundle)
        try:
            with urllib.request.urlopen(request, context=context, timeout=60) as found:
                return found.status, found.headers.items(), found.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers.items(), error.read()

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for key, value in headers:
            if key.lower() not in HOP:
                self.send_header(key, value)
        # Every answer to a signed request has a nonce for the next one (RFC 8555, section 6.5).
        if "replay-nonce" not in {key.lower() for key, _ in headers}:
            self.send_header("Replay-Nonce", "AAAAAAAAAAAAAAAAAAAAAA")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_HEAD = handle_any

    def log_message(self, *_: object) -> None: ...


HOP = ("connection", "transfer-encoding", "content-length", "accept-encoding")
