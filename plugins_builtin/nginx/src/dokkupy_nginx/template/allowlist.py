"""What an app's own template may make nginx do: serve the app's names from the app's instances, and nothing else.

This is an allowlist, so an unknown directive is refused. Nothing on it reads or writes a file, reaches an address that is
not an instance of the app, or claims a name of another app.
"""

from __future__ import annotations

import re

from dokkupy_sdk.values import dataclass, field

from dokkupy_nginx.config.claims import HTTP, TLS
from dokkupy_nginx.config.syntax import Directive
from dokkupy_nginx.inspect.host_config import socket_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

VALUES = frozenset(
    """
    absolute_redirect add_header add_trailer allow auth_delay charset charset_types chunked_transfer_encoding
    client_body_buffer_size client_body_timeout client_header_buffer_size client_header_timeout client_max_body_size
    default_type deny empty_gif etag expires grpc_buffer_size grpc_connect_timeout grpc_hide_header
    grpc_next_upstream grpc_next_upstream_timeout grpc_next_upstream_tries grpc_pass_header grpc_read_timeout
    grpc_send_timeout grpc_set_header gunzip gzip gzip_buffers gzip_comp_level gzip_disable gzip_http_version
    gzip_min_length gzip_proxied gzip_types gzip_vary http2 ignore_invalid_headers internal keepalive
    keepalive_disable keepalive_min_timeout keepalive_requests keepalive_time keepalive_timeout
    large_client_header_buffers least_conn limit_conn_dry_run limit_conn_log_level limit_conn_status limit_rate
    limit_rate_after limit_req_dry_run limit_req_log_level limit_req_status lingering_close lingering_time
    lingering_timeout log_not_found log_subrequest max_ranges merge_slashes output_buffers port_in_redirect
    postpone_output proxy_buffer_size proxy_buffering proxy_buffers proxy_busy_buffers_size proxy_connect_timeout
    proxy_cookie_domain proxy_cookie_flags proxy_cookie_path proxy_force_ranges proxy_hide_header
    proxy_http_version proxy_ignore_client_abort proxy_ignore_headers proxy_intercept_errors proxy_limit_rate
    proxy_max_temp_file_size proxy_method proxy_next_upstream proxy_next_upstream_timeout
    proxy_next_upstream_tries proxy_pass_header proxy_pass_request_body proxy_pass_request_headers
    proxy_read_timeout proxy_redirect proxy_request_buffering proxy_send_lowat proxy_send_timeout
    proxy_set_body proxy_set_header proxy_socket_keepalive proxy_temp_file_write_size random recursive_error_pages
    request_pool_size reset_timedout_connection return satisfy send_lowat send_timeout server_name_in_redirect
    server_tokens ssl_buffer_size ssl_ciphers ssl_ecdh_curve ssl_prefer_server_ciphers ssl_protocols
    ssl_session_cache ssl_session_tickets ssl_session_timeout sub_filter sub_filter_last_modified sub_filter_once
    sub_filter_types tcp_nodelay tcp_nopush types_hash_max_size underscores_in_headers break
    """.split()
)
"""Directives whose arguments are only values, and never a path, address, name or file."""

TOP = ("upstream", "server", "map", "geo", "split_clients", "limit_req_zone", "limit_conn_zone")
IN_UPSTREAM = (
    "keepalive",
    "keepalive_requests",
    "keepalive_timeout",
    "keepalive_time",
    "least_conn",
    "ip_hash",
    "hash",
    "random",
)
SERVER_OPTION = re.compile(r"(?:weight|max_conns|max_fails)=[0-9]{1,6}|fail_timeout=[0-9]{1,6}(?:ms|s|m)?|backup|down")
LISTEN_OPTIONS = ("ssl", "http2", "quic", "default_server")
BACKREFERENCE = re.compile(r"\\[1-9]|\\g|\(\?[P<&0-9R(]")
MAX_REGEX = 300
MAX_ZONE = 16 * 1024 * 1024
MAX_SPACE = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Allowed:
    """What belongs to the app. names: its domains; empty if it serves every name. sockets: its sockets with their
    protocols. quic: those where HTTP/3 is allowed. addresses: `IP:port` of its instances. prefix: of the variables and
    zones that it defines."""

    app: str
    names: frozenset[str]
    sockets: dict[tuple[str, int], str]
    takes_all: bool
    addresses: frozenset[str]
    prefix: str
    certificate: tuple[str, str] | None = None
    logs: frozenset[str] = frozenset({"off"})
    snippets: str = ""
    quic: frozenset[tuple[str, int]] = frozenset()


class Refused(Exception):
    """The template's output contains something that is not allowed. line: in that output."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(slots=True)
class Validation:
    """The validation of one app's file. found_names, found_sockets: what the file claims, and for a socket whether as its
    default server. found_quic: its HTTP/3 sockets."""

    allowed: Allowed
    upstreams: set[str] = field(default_factory=set)
    found_names: set[str] = field(default_factory=set)
    found_sockets: dict[tuple[str, int], bool] = field(default_factory=dict)
    found_quic: set[tuple[str, int]] = field(default_factory=set)

    def validate(self, directives: Iterable[Directive]) -> None:
        """Raise Refused for the first thing that is not allowed."""
        found = list(directives)
        for directive in found:
            if directive.name == "upstream":
                self.upstream(directive)
        for directive in found:
            if directive.name not in TOP:
                raise Refused(
                    directive.line, f"{directive.name[:60]!r} is not allowed at the top; allowed: {', '.join(TOP)}"
                )
            if directive.name == "server":
                self.server(directive)
            elif directive.name in ("map", "geo", "split_clients"):
                self.variable_block(directive)
            elif directive.name in ("limit_req_zone", "limit_conn_zone"):
                self.zone(directive)
        if self.found_quic - self.found_sockets.keys():
            raise Refused(found[-1].line, "a port is for HTTP/3 alone: clients come by TCP first")

    # top level

    def upstream(self, directive: Directive) -> None:
        name = self.args(directive, 1)[0]
        owner, hyphen, rest = name.rpartition("-")
        if owner != self.allowed.app or not hyphen or not re.fullmatch(r"[a-z0-9_]{1,40}", rest):
            raise Refused(directive.line, f"an upstream of this app is named {self.allowed.app}-<letters, digits or _>")
        self.upstreams.add(name)
        for inner in self.block(directive):
            if inner.name == "server":
                self.upstream_server(inner)
            elif inner.name not in IN_UPSTREAM:
                raise Refused(inner.line, f"{inner.name[:60]!r} is not allowed in an upstream")
            self.no_block(inner)

    def upstream_server(self, directive: Directive) -> None:
        if not directive.args or directive.args[0] not in self.allowed.addresses:
            raise Refused(
                directive.line, f"{directive.args[0][:60] if directive.args else ''!r} is not an instance of this app"
            )
        for option in directive.args[1:]:
            if not SERVER_OPTION.fullmatch(option):
                raise Refused(directive.line, f"{option[:60]!r} is not allowed for an upstream's server")

    def variable_block(self, directive: Directive) -> None:
        """`map $x $own { ... }`: its entries are data, but an `include` would read a file, and a regex takes time."""
        variables = [word for word in directive.args if word.startswith("$")]
        if len(directive.args) not in (1, 2) or not variables:
            raise Refused(directive.line, f"{directive.name} takes a source and a variable")
        self.own_variable(directive, directive.args[-1])
        for inner in self.block(directive):
            if inner.name in ("include", "proxy", "ranges"):
                raise Refused(inner.line, f"{inner.name!r} is not allowed in {directive.name}")
            if directive.name == "map":
                self.regex(inner, inner.name)
            self.no_block(inner)

    def own_variable(self, directive: Directive, variable: str) -> None:
        if not re.fullmatch(r"\$" + re.escape(self.allowed.prefix) + r"[a-z0-9_]{1,40}", variable):
            raise Refused(
                directive.line,
                f"{variable[:60]!r}: variables are shared by all apps; the name of one of your own begins with "
                f"${self.allowed.prefix} (write ${{{{ PREFIX }}}}name)",
            )

    def zone(self, directive: Directive) -> None:
        found = [word for word in directive.args if word.startswith("zone=")]
        parsed = re.fullmatch(r"zone=([a-z0-9_]+):([0-9]{1,9})([km]?)", found[0]) if len(found) == 1 else None
        if parsed is None or not parsed[1].startswith(self.allowed.prefix):
            raise Refused(directive.line, f"a zone of this app is written zone={self.allowed.prefix}NAME:SIZE")
        if int(parsed[2]) * {"": 1, "k": 1024, "m": 1024**2}[parsed[3]] > MAX_ZONE:
            raise Refused(directive.line, "a zone has at most 16m")
        if any(word.startswith("sync") for word in directive.args):
            raise Refused(directive.line, "'sync' is not allowed")
        self.no_block(directive)

    # servers

    def server(self, directive: Directive) -> None:
        inner = self.block(directive)
        listens = [d for d in inner if d.name == "listen"]
        names = [d for d in inner if d.name == "server_name"]
        if not listens or not names:
            raise Refused(directive.line, "a server needs `listen` and `server_name`")
        tls = {self.listen(found) for found in listens}
        for found in names:
            self.server_name(found)
        if True in tls and not any(d.name == "ssl_certificate" for d in inner):
            raise Refused(directive.line, "a server with TLS needs ssl_certificate and ssl_certificate_key")
        for found in inner:
            if found.name not in ("listen", "server_name"):
                self.inside(found)

    def listen(self, directive: Directive) -> bool:
        """Validate `listen`. Returns whether it is a TLS socket."""
        socket = socket_of(directive.args[0]) if directive.args else ("", 0)
        kind = self.allowed.sockets.get(socket)
        if kind is None:
            known = ", ".join(f"{address}:{port}" for address, port in self.allowed.sockets) or "none"
            raise Refused(directive.line, f"listen {' '.join(directive.args)[:60]!r}: this app's sockets are {known}")
        options = directive.args[1:]
        for option in options:
            if option not in LISTEN_OPTIONS:
                raise Refused(directive.line, f"{option[:60]!r} is not allowed for listen")
        quic = "quic" in options
        if quic and (socket not in self.allowed.quic or {"ssl", "http2"} & {*options}):
            raise Refused(
                directive.line, f"port {socket[1]} is not for HTTP/3 (nginx:set http3), or not with ssl, http2"
            )
        if not quic and ("ssl" in options) != (kind == TLS):
            raise Refused(directive.line, f"port {socket[1]} of this app is {'' if kind == TLS else 'not '}for TLS")
        if kind == HTTP and "http2" in options:
            raise Refused(directive.line, f"port {socket[1]} is shared with apps that speak HTTP/1 there")
        if "default_server" in options and not self.allowed.takes_all:
            raise Refused(directive.line, "only an app without domains, or with the domain _, is a default server")
        self.no_block(directive)
        if quic:
            self.found_quic.add(socket)
        else:
            self.found_sockets[socket] = self.found_sockets.get(socket, False) or "default_server" in options
        return kind == TLS

    def server_name(self, directive: Directive) -> None:
        for name in directive.args:
            if name == "_" and self.allowed.takes_all:
                continue
            if name not in self.allowed.names:
                raise Refused(directive.line, f"{name[:80]!r} is not a domain of this app (dokkupy domains:add)")
            self.found_names.add(name)
        if not directive.args:
            raise Refused(directive.line, "server_name without a name")
        self.no_block(directive)

    def inside(self, directive: Directive) -> None:
        """A directive in a server, location, if or limit_except."""
        special = SPECIAL.get(directive.name)
        if special is not None:
            special(self, directive)
        elif directive.name in VALUES:
            self.no_block(directive)
            self.no_files(directive)
        else:
            raise Refused(directive.line, f"{directive.name[:60]!r} is not allowed in an app's template")

    def location(self, directive: Directive) -> None:
        if len(directive.args) not in (1, 2) or (len(directive.args) == 2 and directive.args[0] not in LOCATION_SIGNS):
            raise Refused(directive.line, "location takes a path, after at most one of = ~ ~* ^~")
        if directive.args[0] in ("~", "~*"):
            self.regex(directive, "~" + directive.args[1])
        elif len(directive.args) == 1 and directive.args[0].startswith("~"):
            self.regex(directive, directive.args[0])
        for inner in self.block(directive):
            self.inside(inner)

    def condition(self, directive: Directive) -> None:
        words = list(directive.args)
        if not words or not words[0].startswith("("):
            raise Refused(directive.line, "if needs a condition in parentheses")
        first = words[0].lstrip("(") or (words[1] if len(words) > 1 else "")
        if not first.startswith("$"):
            raise Refused(directive.line, "a condition begins with a variable; tests for files are not allowed")
        if any(word in ("~", "~*", "!~", "!~*") for word in words):
            self.regex(directive, "~" + words[-1].rstrip(")"))
        for inner in self.block(directive):
            self.inside(inner)

    def limit_except(self, directive: Directive) -> None:
        for inner in self.block(directive):
            if inner.name not in ("allow", "deny"):
                raise Refused(inner.line, f"{inner.name[:60]!r} is not allowed in limit_except")
            self.no_block(inner)

    def passing(self, directive: Directive) -> None:
        """`proxy_pass http://own-upstream/path`: only to this app's instances, and never by a variable."""
        target = self.args(directive, 1)[0]
        scheme, separator, rest = target.partition("://")
        where = re.split(r"[/?]", rest, maxsplit=1)[0]
        schemes = ("grpc",) if directive.name == "grpc_pass" else ("http",)
        if not separator or scheme not in schemes or where not in self.upstreams | self.allowed.addresses:
            raise Refused(
                directive.line,
                f"{directive.name} {target[:80]!r} does not lead to this app: use {schemes[0]}://<own upstream>",
            )
        self.no_block(directive)

    def setting(self, directive: Directive) -> None:
        self.own_variable(directive, self.args(directive, 2)[0])
        self.no_block(directive)

    def rewriting(self, directive: Directive) -> None:
        if not 2 <= len(directive.args) <= 3:
            raise Refused(directive.line, "rewrite takes a pattern and a replacement")
        self.regex(directive, "~" + directive.args[0])
        self.no_block(directive)

    def own_zone(self, directive: Directive) -> None:
        prefix = self.allowed.prefix
        if not any(word.removeprefix("zone=").startswith(prefix) for word in directive.args):
            raise Refused(directive.line, f"{directive.name} uses a zone of this app: {prefix}NAME")
        self.no_block(directive)

    def log(self, directive: Directive) -> None:
        if not directive.args or directive.args[0] not in self.allowed.logs:
            raise Refused(directive.line, f"{directive.name}: use {' or '.join(sorted(self.allowed.logs))}")
        if any("=" in word or "$" in word for word in directive.args[1:]):
            raise Refused(directive.line, f"{directive.name} takes no options")
        self.no_block(directive)

    def certificate(self, directive: Directive) -> None:
        pair = self.allowed.certificate or ("", "")
        if self.args(directive, 1)[0] != pair[0 if directive.name == "ssl_certificate" else 1] or not all(pair):
            raise Refused(directive.line, f"{directive.name} must be this app's own (write {{{{ SSL_CERTIFICATE }}}})")
        self.no_block(directive)

    def include(self, directive: Directive) -> None:
        if not self.allowed.snippets or self.args(directive, 1)[0] != self.allowed.snippets:
            raise Refused(directive.line, "include is not allowed (but {{ NGINX_CONF_D }})")
        self.no_block(directive)

    def internal_uri(self, directive: Directive) -> None:
        target = self.args(directive, 1)[0]
        if target != "off" and not target.startswith("/"):
            raise Refused(directive.line, f"{directive.name} takes a path of this server")
        self.no_block(directive)

    # small checks

    def args(self, directive: Directive, count: int) -> tuple[str, ...]:
        if len(directive.args) != count:
            raise Refused(directive.line, f"{directive.name} takes {count} argument{'s' if count > 1 else ''}")
        return directive.args

    def block(self, directive: Directive) -> list[Directive]:
        if directive.block is None:
            raise Refused(directive.line, f"{directive.name} needs a block")
        return directive.block

    def no_block(self, directive: Directive) -> None:
        if directive.block is not None:
            raise Refused(directive.line, f"{directive.name[:60]!r} takes no block here")

    def no_files(self, directive: Directive) -> None:
        """Refuse values that look like files (except `data:`) or sockets, because nginx would read from them."""
        for word in directive.args:
            if word.startswith(("unix:", "engine:")):
                raise Refused(directive.line, f"{word[:60]!r} is not allowed")
            self.regex(directive, word)
        if directive.name == "gzip_disable":
            for word in directive.args:
                self.regex(directive, "~" + word)
        if ("buffer" in directive.name or directive.name.endswith("pool_size")) and space(directive.args) > MAX_SPACE:
            raise Refused(directive.line, f"{directive.name} takes more memory than 32m for each request")
        if directive.name == "ssl_session_cache" and not all(w in ("off", "none", "builtin") for w in directive.args):
            raise Refused(directive.line, "ssl_session_cache: use off, none or builtin")

    def regex(self, directive: Directive, text: str) -> None:
        """Refuse a pattern that can take exponential time, which would slow down the requests of every app."""
        if not text.startswith("~"):
            return
        if len(text) > MAX_REGEX or BACKREFERENCE.search(text) or is_costly(text):
            raise Refused(
                directive.line,
                f"the pattern {text[:60]!r} is too long, repeats a repetition, or has back references or named groups",
            )


def is_costly(pattern: str) -> bool:
    """Whether a repeated group contains a repetition or alternatives, or there are more than four open repetitions."""
    text = re.sub(r"\\.", "x", pattern)
    text = re.sub(r"\[\^?\]?[^\]]*\]", "x", text)
    choices = [False]
    repetitions = 0
    for index, character in enumerate(text):
        if character == "(":
            choices.append(False)
        elif character == ")" and len(choices) > 1:
            inner = choices.pop()
            repeated = text[index + 1 : index + 2] in ("*", "+", "{")
            if inner and repeated:
                return True
            choices[-1] = choices[-1] or inner or repeated
        elif character in "*+{":
            repetitions += 1
            choices[-1] = True
        elif character == "|":
            choices[-1] = True
    return repetitions > 4


def space(words: Iterable[str]) -> int:
    """The product of the sizes and counts among the words: `8 4k` is 32,768."""
    total = 1
    for word in words:
        found = re.fullmatch(r"([0-9]{1,12})([kKmMgG]?)", word)
        if found:
            total *= max(1, int(found[1])) * {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}[found[2].lower()]
    return total


LOCATION_SIGNS = ("=", "~", "~*", "^~")

SPECIAL: dict[str, Callable[[Validation, Directive], None]] = {
    "location": Validation.location,
    "if": Validation.condition,
    "limit_except": Validation.limit_except,
    "proxy_pass": Validation.passing,
    "grpc_pass": Validation.passing,
    "set": Validation.setting,
    "rewrite": Validation.rewriting,
    "error_page": Validation.no_block,
    "limit_req": Validation.own_zone,
    "limit_conn": Validation.own_zone,
    "access_log": Validation.log,
    "error_log": Validation.log,
    "ssl_certificate": Validation.certificate,
    "ssl_certificate_key": Validation.certificate,
    "include": Validation.include,
    "auth_request": Validation.internal_uri,
    "mirror": Validation.internal_uri,
}
