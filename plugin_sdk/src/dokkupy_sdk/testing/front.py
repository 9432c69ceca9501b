"""A server for HTTP and HTTPS before a FakeProxy: it answers clients by the routes that the fake has at that moment."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import os
import posixpath
import ssl
import threading
import time
import urllib.parse

from dokkupy_sdk.model import Certificate, Port, Route, Upstream
from dokkupy_sdk.proxy_facts import Location
from dokkupy_sdk.proxy_rules import ProxyRules, merge_facts
from dokkupy_sdk.testing.fakes import AnsweredRequest, FakeProxy
from dokkupy_sdk.testing.front_rules import Refusals, redirected
from dokkupy_sdk.tls import challenge_server
from dokkupy_sdk.values import dataclass, field

CHALLENGES = "/.well-known/acme-challenge/"


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent. name: without the port. client: its address."""

    method: str
    path: str
    name: str
    client: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """lost: no instance answered."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    lost: bool = False


class Front:
    """ports: where it listens on loopback, for HTTP and for HTTPS, as long as the context lasts."""

    def __init__(self, proxy: FakeProxy) -> None:
        self.proxy = proxy
        self.challenges = challenge_server(proxy.host).directory()
        self.turn = 0
        self.refusals = Refusals()

    def __enter__(self) -> Front:
        self.servers = Server(self, "http"), Server(self, "https")
        self.ports = self.servers[0].server_address[1], self.servers[1].server_address[1]
        for server in self.servers:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def find(self, name: str, scheme: str) -> tuple[Route, Port] | None:
        """The route that has a name at one of our ports: by the whole name, by a wildcard, then one of all names."""
        wildcard = f"*.{name.partition('.')[2]}"
        number = self.ports[scheme == "https"]
        for wanted in (name, wildcard, "_"):
            for route in self.proxy.serving().values():
                for port in route.ports:
                    if port.host == number and port.scheme == scheme and wanted in (route.domains or ("_",)):
                        return route, port
        return None

    def certificate(self, name: str) -> Certificate | None:
        found = self.find(name, "https")
        return found[0].certificate_of(name) if found else None

    def reply(self, request: Request, scheme: str) -> Reply | None:
        """None: the connection is closed without an answer."""
        if scheme == "http" and request.path.startswith(CHALLENGES):
            body = content(os.path.join(self.challenges, os.path.basename(request.path)))
            return Reply(404) if body is None else Reply(200, body=body)
        found = self.find(request.name, scheme)
        if found is None:
            return None
        route, port = found
        tls = next((row.host for row in route.ports if row.scheme == "https"), None)
        redirects = scheme == "http" and tls is not None and route.certificate_of(request.name) is not None
        rules = merge_facts(route.extra)
        began = time.time()
        reply = self.answer(request, scheme, route, port, rules, f"https://{request.name}:{tls}" if redirects else "")
        self.proxy.answered_requests.append(AnsweredRequest(route.app, began, time.time() - began, reply.lost))
        return Reply(reply.status, (*reply.headers, *rules.headers.items()), reply.body)

    def answer(self, request: Request, scheme: str, route: Route, port: Port, rules: ProxyRules, secure: str) -> Reply:
        """secure: where requests are redirected to; empty when they are not."""
        if rules.body_size and len(request.body) > rules.body_size:
            return Reply(413)
        location = self.location(rules, request.path, bool(secure))
        target = redirected(rules, request.name, request.path, beside=location.path if location else "")
        if target is not None:
            return Reply(target[0], (("Location", target[1]),))
        if location is not None and location.status:
            return Reply(location.status, body=content(f"{location.directory}/index.html") or b"")
        if location is None and secure:
            return Reply(301, (("Location", f"{secure}{request.path}"),))
        upstreams = route.upstreams.get(port.container, ())
        if location is None and not upstreams:
            return Reply(502, lost=True)
        status = self.refusals.status(route.app, rules, request.client, request.headers.get("authorization", ""))
        if status:
            realm = f'Basic realm="{rules.auth.realm}"' if rules.auth else ""
            return Reply(status, (("WWW-Authenticate", realm),) if status == 401 else ())
        if location is not None:
            body = content(self.file(location, request.path))
            return Reply(404) if body is None else Reply(200, body=body)
        return self.forward(request, scheme, upstreams)

    def location(self, rules: ProxyRules, path: str, redirects: bool) -> Location | None:
        path = plain(path)
        facts = [fact for fact in rules.locations if fact.on_http_too or not redirects]
        for fact in sorted(facts, key=lambda one: (one.exact, len(one.path)), reverse=True):
            if path == fact.path if fact.exact else path.startswith(fact.path.rstrip("/") + "/"):
                return fact
        return None

    def file(self, fact: Location, path: str) -> str:
        below = plain(path)[len(fact.path.rstrip("/")) + 1 :]
        return fact.directory if fact.exact else os.path.join(fact.directory, below)

    def forward(self, request: Request, scheme: str, upstreams: tuple[Upstream, ...]) -> Reply:
        self.turn += 1
        ours = {"Host": request.name, "X-Forwarded-Proto": scheme, "X-Forwarded-For": request.client}
        headers = {
            **{name: value for name, value in request.headers.items() if name not in map(str.lower, ours)},
            **ours,
        }
        for number in range(len(upstreams)):
            one = upstreams[(self.turn + number) % len(upstreams)]
            try:
                with contextlib.closing(http.client.HTTPConnection(one.address, one.port, timeout=60)) as connection:
                    connection.request(request.method, request.path, request.body or None, headers)
                    answer = connection.getresponse()
                    kept = [(key, value) for key, value in answer.getheaders() if key.lower() != "content-length"]
                    return Reply(answer.status, tuple(kept), answer.read())
            except OSError:
                continue
        return Reply(502, lost=True)


def plain(path: str) -> str:
    """The path of a request without its query, decoded, without steps upwards."""
    return posixpath.normpath(urllib.parse.unquote(path.partition("?")[0])) + "/" * path.endswith("/")


def content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, front: Front, scheme: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.front, self.scheme = front, scheme

    def finish_request(self, request: object, client_address: object) -> None:
        if self.scheme == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.sni_callback = self.choose
            try:
                request = context.wrap_socket(request, server_side=True)  # type: ignore[arg-type]
            except (OSError, ValueError):
                return
        Handler(request, client_address, self)  # type: ignore[arg-type]

    def choose(self, connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> int | None:
        certificate = self.front.certificate(name or "_")
        if certificate is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.chain, certificate.key)
        connection.context = context
        return None


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        headers = {key.lower(): value for key, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        name = headers.get("host", "").partition(":")[0]
        request = Request(self.command, self.path, name, self.client_address[0], headers, body)
        reply = self.server.front.reply(request, self.server.scheme)
        if reply is None:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for header in (*reply.headers, ("Content-Length", str(len(reply.body)))):
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(reply.body)

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, *_: object) -> None: ...
