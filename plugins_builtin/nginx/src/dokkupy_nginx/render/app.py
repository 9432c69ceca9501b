"""An app's configuration as text. No I/O, and every interpolated value is validated here.

Plain functions instead of a template show each directive beside its property, and avoid loading jinja2 (47 ms) in every
deploy of an app without its own template.
"""

from __future__ import annotations

import re

from dokkupy_sdk.errors import AppError, UserError
from dokkupy_sdk.model import Certificate
from dokkupy_sdk.names import Domain
from dokkupy_sdk.ports import is_direct, transport
from dokkupy_sdk.proxy_facts import Location
from dokkupy_sdk.proxy_rules import merge_facts
from dokkupy_sdk.values import replace

from dokkupy_nginx.config.claims import H2C, HTTP, TLS, Claim, Conf
from dokkupy_nginx.config.syntax import quoted
from dokkupy_nginx.render import rules
from dokkupy_nginx.render.error_pages import error_pages, unavailable_page
from dokkupy_nginx.render.log_format import FORMAT_NAME, FULL, LOST
from dokkupy_nginx.render.streams import stream_lines
from dokkupy_nginx.render.tls import hsts_lines, quic_lines, session_lines
from dokkupy_nginx.render.upstreams import RETRY, UPGRADE, fresh, location_lines, upstream_lines
from dokkupy_nginx.render.values import Facts, Staples, Values
from dokkupy_nginx.settings import LOGS, in_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.model import Port, Route

KINDS = {"http": HTTP, "https": TLS, "grpcs": TLS, "grpc": H2C}
"""Port schemes that nginx serves in `http {}`; `tcp` and `udp` it serves in `stream {}`."""

ANY = Certificate("", "")
"""Stands for any certificate, because over HTTP it matters only whether a name has one."""

PATH = re.compile(r"/[A-Za-z0-9._/@+~-]*")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")


HOST = "$dokkupy_host"
"""The variable for the app's header Host, which `render.catch_all` defines."""

GIVEN_PORT = "$dokkupy_given_port"
"""The port in the header Host with its colon, where the header is not the server's name."""

PER_ADDRESS = "dokkupy_per_address"
"""The zone that counts requests by client address."""

LOG_BUFFER = "buffer=64k flush=10ms"
"""One write for the lines of a busy moment, which takes a tenth off a request's cost; nobody waits 10 ms for a line."""


def checked_path(text: str, what: str) -> str:
    """An absolute path that is one nginx word without quotes."""
    if not PATH.fullmatch(text) or ".." in text.split("/") or len(text) > 1024:
        raise UserError(f"{what} {ascii(text[:120])} is not a plain absolute path")
    return text


def render_app(
    route: Route,
    facts: Facts,
    *,
    snippets: str = "",
    inputs: tuple[str, ...] = (),
    staples: Staples | None = None,
    users: str = "",
) -> Conf:
    """An app's file. snippets: a glob of the host's own files for the app, which each of its servers includes. staples:
    additional lines for certificates with an OCSP responder. users: the file of names and passwords, if a fact requires
    one.

    Raises AppError with the app's name if a value of the route is invalid.
    """
    try:
        return AppRendering(route, facts, snippets, inputs, staples or {}, users).conf()
    except UserError as error:
        raise AppError(f"App {route.app}: {error.message}", code="bad_proxy_input", hint=error.hint) from error


class AppRendering:
    """Builds the text of one app's file."""

    def __init__(
        self, route: Route, facts: Facts, snippets: str, inputs: tuple[str, ...], staples: Staples, users: str = ""
    ) -> None:
        self.route = route
        self.rules = merge_facts(route.extra)
        self.users = users
        self.facts = facts
        self.values = Values(route)
        self.snippets = checked_path(snippets.removesuffix("*.conf"), "Include") + "*.conf" if snippets else ""
        self.inputs = inputs
        self.staples = staples
        self.takes_all = not route.domains or "_" in route.domains
        # Parsed again, because the name is inserted into the text unchanged.
        self.names = tuple(sorted({str(Domain(str(domain))) for domain in route.domains if domain != "_"}))
        self.ports = tuple(p for p in route.ports if p.scheme in KINDS and (KINDS[p.scheme] != TLS or route.is_secure))
        self.direct = tuple(p for p in route.ports if is_direct(p))
        self.tls_port = next((p.host for p in self.ports if p.scheme == "https"), None)

    def conf(self) -> Conf:
        by_socket: dict[tuple[str, int], Port] = {}
        for port in (*self.ports, *self.direct):
            if not 0 < port.host < 65536 or not 0 < port.container < 65536:
                raise UserError(f"{port} is not a port mapping: ports are from 1 to 65535")
            other = by_socket.setdefault((transport(port), port.host), port)
            if other != port:
                raise UserError(f"host port {port.host} is mapped twice ({other} and {port})")
        servers = [line for port in self.ports for line in self.servers(port)]
        app = self.route.app
        shared = [*rules.rate_zone(app, self.rules.rate), *rules.realm_by_address(app, self.rules.auth)]
        body = "\n".join([*shared, *self.upstreams(), *servers]) + "\n"
        claims = tuple(claim for port in (*self.ports, *self.direct) for claim in self.claims(port))
        return Conf(app, body, claims, self.names, self.inputs, self.streams())

    def streams(self) -> str:
        rows = [(port, self.claims(port)) for port in self.direct]
        return "\n".join(stream_lines(self.route, rows, self.values, self.facts, self.log_file("error-log-path")))

    def claims(self, port: Port) -> list[Claim]:
        quic = port.scheme == "https" and self.facts.http3 and self.values.on("http3")
        kind = port.scheme if is_direct(port) else KINDS[port.scheme]
        return [
            Claim(address, port.host, kind, self.takes_all and not is_direct(port), quic)
            for address in addresses(self.values["bind-address-ipv4"], self.values["bind-address-ipv6"], self.facts)
        ]

    def upstream_name(self, port: Port) -> str:
        return f"{self.route.app}-{port.container}"

    def upstreams(self) -> list[str]:
        lines: list[str] = []
        for container in sorted({port.container for port in self.ports}):
            servers = self.route.upstreams.get(container, ())
            if not servers:
                continue
            lines += upstream_lines(f"{self.route.app}-{container}", servers, self.kept, self.facts)
        return lines

    @property
    def waiting(self) -> str:
        return checked_path(self.facts.waiting, "Directory").rstrip("/") if self.facts.waiting else ""

    @property
    def kept(self) -> int:
        """How many idle connections to the app each worker keeps."""
        return int(self.values["proxy-keepalive"])

    def servers(self, port: Port) -> list[str]:
        """One server for the names of each certificate. Over HTTP, one for the names with TLS and one for the others."""
        groups: dict[Certificate | None, list[str]] = {}
        tls = KINDS[port.scheme] == TLS
        for name in self.names:
            certificate = self.route.certificate_of(name)
            groups.setdefault(certificate if tls or certificate is None else ANY, []).append(name)
        if not groups or (tls and not self.route.certificates):
            groups = {self.route.certificate: list(self.names)}
        lines: list[str] = []
        for certificate, names in groups.items():
            if certificate is None and tls:
                continue
            for redirect, some in rules.by_redirect(self.rules, names):
                # Only one server can be the default.
                if some or (self.takes_all and not lines):
                    lines += self.server(port, some, certificate, redirect, default=self.takes_all and not lines)
        return lines

    def server(
        self, port: Port, names: list[str], certificate: Certificate | None, elsewhere: str, *, default: bool
    ) -> list[str]:
        """elsewhere: the answer to what no location of a path takes, if the names are redirected."""
        tls = KINDS[port.scheme] == TLS
        claims = [replace(claim, default=default) for claim in self.claims(port)]
        lines = [f"    listen {listen(claim, self.facts)};" for claim in claims]
        lines.append(f"    server_name {' '.join(names) or '_'};")
        if (tls or KINDS[port.scheme] == H2C) and self.facts.http2_directive:
            lines.append("    http2 on;")
        lines += [
            *self.access_log(FULL if port.scheme.startswith("grpc") else FORMAT_NAME),
            self.error_log(),
            *self.limits(),
        ]
        if tls and certificate is not None:
            lines += self.tls(port, certificate, claims)
        if KINDS[port.scheme] == HTTP:
            lines += challenge_lines(self.facts)
        lines += self.headers()
        redirect = port.scheme == "http" and self.tls_port is not None and certificate is not None
        lines += rules.redirects(self.rules, everything=not elsewhere)
        lines += self.locations(on_http=redirect, everything=not elsewhere)
        # Of two error pages for one status nginx takes the first.
        included = [f"    include {self.snippets};"] if self.snippets else []
        if elsewhere:
            lines += [*included, "    location / {", f"        {elsewhere}", "    }"]
        elif self.rules.whole_site or any(is_everything(fact) for fact in self.served_files(on_http=redirect)):
            lines += included  # a plugin serves the whole site
        elif redirect:
            to = f"https://$host{'' if self.tls_port == 443 else f':{self.tls_port}'}$request_uri"
            lines += [*included, "    location / {", f"        return 301 {to};", "    }"]
        elif not self.route.upstreams.get(port.container):
            lines += [
                *included,
                *unavailable_page(self.route.unavailable, self.lost()),
                "    location / {",
                "        return 502;",
                "    }",
            ]
        elif port.scheme.startswith("grpc"):
            lines += [*self.seldom(names, upgrades=False), *included, *self.guarded(self.grpc(port))]
        else:
            lines += [
                *self.seldom(names, upgrades=self.kept > 0),
                *included,
                *error_pages(self.body_size, self.waiting, self.lost()),
                *self.guarded(self.proxied(port)),
            ]
        return ["server {", *lines, "}", ""]

    @property
    def body_size(self) -> str:
        return rules.body_size(self.rules, self.values["client-max-body-size"])

    def guarded(self, lines: list[str]) -> list[str]:
        return rules.with_first(lines, rules.guards(self.route.app, self.rules, self.users))

    def access_log(self, style: str) -> list[str]:
        """style: the format, if the app has none of its own."""
        path = self.log_file("access-log-path")
        how = f" {self.values['access-log-format'] or style} {LOG_BUFFER}" if path != "off" else ""
        return [f"    access_log {path}{how};"]

    def lost(self) -> list[str]:
        """The directive for locations that respond because no instance did."""
        own = self.values["access-log-format"] or self.log_file("access-log-path") == "off"
        return [] if own else [line.strip() for line in self.access_log(LOST)]

    def error_log(self) -> str:
        path = self.log_file("error-log-path")
        return f"    error_log {path};" if path != "off" else "    error_log /dev/null crit;"

    def log_file(self, name: str) -> str:
        path = self.values[name]
        return path if path == "off" else checked_path(self.facts.logs + path.removeprefix(LOGS), "Log path")

    def limits(self) -> list[str]:
        v = self.values
        lines = [
            f"    client_max_body_size {self.body_size};",
            f"    client_body_timeout {v['client-body-timeout']};",
            f"    client_header_timeout {v['client-header-timeout']};",
            f"    keepalive_timeout {v['keepalive-timeout']};",
            f"    lingering_timeout {v['lingering-timeout']};",
            f"    send_timeout {v['send-timeout']};",
            f"    underscores_in_headers {v['underscore-in-headers']};",
        ]
        if self.facts.per_address:
            lines += [f"    limit_conn {PER_ADDRESS} {self.facts.per_address};", "    limit_conn_status 429;"]
        if self.facts.keepalive_min:
            lines.append("    keepalive_min_timeout 5s;")
        return lines

    def tls(self, port: Port, certificate: Certificate, claims: list[Claim]) -> list[str]:
        chain, key = checked_path(certificate.chain, "Certificate"), checked_path(certificate.key, "Key")
        return [
            *session_lines(chain, key, self.facts),
            *self.staples.get(certificate, ()),
            *hsts_lines(self.values, port.scheme),
            *quic_lines(claims, port.host),
        ]

    def headers(self) -> list[str]:
        lines = []
        for name, value in self.rules.headers.items():
            if not HEADER_NAME.fullmatch(name):
                raise UserError(f"header name {ascii(name[:80])} is invalid")
            lines.append(f"    add_header {quoted(name)} {quoted(value)} always;")
        return lines

    def locations(self, *, on_http: bool, everything: bool) -> list[str]:
        """on_http: on the HTTP port, where everything else is redirected. everything: also that of the whole site."""
        lines: list[str] = []
        for number, fact in enumerate(self.served_files(on_http=on_http), 1):
            if is_everything(fact) and not everything:
                continue
            path = checked_path(fact.path, "Location")
            directory = checked_path(fact.directory, "Directory").rstrip("/")
            # Both end with a slash, because with a slash only in the alias, `/path../` would leave the directory.
            match = f"= {path}" if fact.exact else f"^~ {path.rstrip('/')}/" if path != "/" else "/"
            inner = [f"alias {directory}{'' if fact.exact else '/'};"]
            if fact.status:
                if not 400 <= fact.status < 600:
                    raise UserError(f"status {fact.status} of the location {path} is not from 400 to 599")
                page = f"/.dokkupy-location-{number}"
                lines += [
                    f"    location = {page} {{",
                    "        internal;",
                    f"        alias {directory}/index.html;",
                    "        default_type text/html;",
                    "    }",
                ]
                inner = [f"error_page {fact.status} {page};", f"return {fact.status};"]
            before = [] if fact.status else rules.guards(self.route.app, self.rules, self.users)
            lines += [f"    location {match} {{", *before, *(f"        {line}" for line in inner), "    }"]
        return lines

    def served_files(self, *, on_http: bool) -> list[Location]:
        return [fact for fact in self.rules.locations if fact.on_http_too or not on_http]

    def seldom(self, names: list[str], *, upgrades: bool) -> list[str]:
        """What few requests have: Upgrade, and in the header Host a port or another spelling. Only they look into the maps
        of `HOST_MAPS`, which cost 1,500 of the 30,600 instructions of a request. A comparison with a word costs 230
        instructions less than with a variable."""
        lines = [f"    if ($http_upgrade) {{ set {UPGRADE} upgrade; }}"] if upgrades else []
        if not self.takes_all:
            usual = names[0] if len(names) == 1 and "*" not in names[0] else "$host"
            lines.append(f"    if ($http_host != {usual}) {{ set {GIVEN_PORT} $dokkupy_port; }}")
        return lines

    @property
    def host_header(self) -> str:
        """An app without names may be asked for none, which nginx writes as `_`."""
        return HOST if self.takes_all else f"$host{GIVEN_PORT}"

    def forwarded(self, directive: str, port: Port) -> list[str]:
        """The server listens at one port, unless a file of the host's own adds another, so these variables have one value
        each. Written as words, they save 550 of the 28,400 instructions of a request."""
        v = self.values
        words = {"$server_port": str(port.host), "$scheme": "https" if KINDS[port.scheme] == TLS else "http"}
        words = {} if self.snippets else words
        asked, scheme = (words.get(v[name], v[name]) for name in ("x-forwarded-port-value", "x-forwarded-proto-value"))
        headers = {
            "Host": self.host_header,
            "X-Forwarded-For": f'"{v["x-forwarded-for-value"]}"',
            "X-Forwarded-Port": f'"{asked}"',
            "X-Forwarded-Proto": f'"{scheme}"',
            # Not what a client sends here, because frameworks would believe it. Without it they take Host.
            "X-Forwarded-Host": '""',
            "X-Forwarded-Ssl": f'"{v["x-forwarded-ssl"]}"' if v["x-forwarded-ssl"] else '""',
            "X-Real-IP": "$remote_addr",
            "X-Request-Start": "$msec",
            "Forwarded": '""',
            "Proxy": '""',
        }
        unset = "        uninitialized_variable_warn off;"  # those of `seldom`
        return [unset, *(f"        {directive} {name} {value};" for name, value in headers.items())]

    def proxied(self, port: Port) -> list[str]:
        v = self.values
        how = [
            *self.forwarded("proxy_set_header", port),
            # After a failed connection another one is tried; a request that was sent only where its method allows it.
            "        proxy_next_upstream error;",
            f"        proxy_next_upstream_timeout {RETRY};",
            f"        proxy_buffering {v['proxy-buffering']};",
            *self.buffers(),
            f"        proxy_connect_timeout {v['proxy-connect-timeout']};",
            f"        proxy_read_timeout {v['proxy-read-timeout']};",
            f"        proxy_send_timeout {v['proxy-send-timeout']};",
        ]
        return location_lines(self.upstream_name(port), self.route.upstreams[port.container], self.kept, how)

    def buffers(self) -> list[str]:
        """Enlarges the settings to what nginx requires: room for the head, and one free buffer while the others send."""
        head, busy = self.values["proxy-buffer-size"], self.values["proxy-busy-buffers-size"]
        number, one = self.values["proxy-buffers"].split()
        sending = max(in_bytes(busy), in_bytes(head), in_bytes(one))
        most = max(int(number), sending // in_bytes(one) + 2)
        return [
            f"        proxy_buffer_size {head};",
            f"        proxy_buffers {most} {one};",
            f"        proxy_busy_buffers_size {busy if sending == in_bytes(busy) else sending};",
        ]

    def grpc(self, port: Port) -> list[str]:
        v, name = self.values, self.upstream_name(port)
        return [
            "    location / {",
            # Each call is a POST.
            f"        grpc_pass grpc://{fresh(name) if self.kept else name};",
            *self.forwarded("grpc_set_header", port),
            "        grpc_next_upstream error;",
            f"        grpc_buffer_size {v['proxy-buffer-size']};",
            f"        grpc_connect_timeout {v['proxy-connect-timeout']};",
            f"        grpc_read_timeout {v['proxy-read-timeout']};",
            f"        grpc_send_timeout {v['proxy-send-timeout']};",
            "    }",
        ]


def addresses(v4: str, v6: str, facts: Facts) -> list[str]:
    found = [v4 or "0.0.0.0"]
    return [*found, v6] if v6 and facts.ipv6 else found


def listen(claim: Claim, facts: Facts) -> str:
    words = [claim.listen]
    if claim.default:
        words.append("default_server")
    if claim.kind == TLS:
        words.append("ssl")
    if claim.kind in (TLS, H2C) and facts.http2 and not facts.http2_directive:
        words.append("http2")
    return " ".join(words)


CHALLENGES = "/.well-known/acme-challenge/"
"""RFC 8555, section 8.3: the path over HTTP on port 80, for every name."""


def is_everything(fact: Location) -> bool:
    return fact.path == "/" and not fact.exact


def challenge_lines(facts: Facts) -> list[str]:
    """`^~` gives it precedence over the app's locations and redirects."""
    if not facts.challenges:
        return []
    place = checked_path(facts.challenges, "Directory").rstrip("/")
    inner = [f"alias {place}/;", "default_type text/plain;", "add_header Cache-Control no-store;"]
    return [f"    location ^~ {CHALLENGES} {{", *(f"        {line}" for line in inner), "    }"]
