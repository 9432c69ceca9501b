"""Renders an app's own template in a sandbox, validates the output, and writes it again."""

from __future__ import annotations

import hashlib
import json
import re
import sys

from dokkupy_sdk.errors import AppError, HostError, UserError
from dokkupy_sdk.execute import execute
from dokkupy_sdk.values import replace

from dokkupy_nginx.config.claims import TLS, Conf
from dokkupy_nginx.config.syntax import ConfigSyntaxError, Directive, parse, write
from dokkupy_nginx.render.app import CHALLENGES, HOST, KINDS, AppRendering, challenge_lines, checked_path, listen
from dokkupy_nginx.render.tls import quic_listen
from dokkupy_nginx.template.allowlist import Allowed, Refused, Validation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.model import Route

    from dokkupy_nginx.render.values import Facts, Staples

SECONDS = 10
LIMIT = 64 * 1024


def prefix_of(app: str) -> str:
    """The prefix of the app's variable and zone names, which nginx shares among all apps. It is a hash, so that no other
    app's name gives the same prefix."""
    return f"app_{hashlib.sha256(app.encode()).hexdigest()[:12]}_"


def render_custom(
    route: Route, facts: Facts, template: str, *, snippets: str, inputs: tuple[str, ...], staples: Staples | None = None
) -> Conf:
    """The app's file from its own template. Raises AppError with the app and the line."""
    app = route.app
    if len(template.encode()) > LIMIT:
        raise AppError(
            f"App {app}: its nginx template is larger than {LIMIT // 1024} KiB",
            code="bad_template",
            hint=f"Shorten nginx.conf.j2, or ignore it: dokkupy nginx:set {app} disable-custom-config true",
        )
    try:
        own = AppRendering(route, facts, snippets, inputs, staples or {})
        plain = own.conf()
        allowed = allowance(own, plain, snippets)
        text = run_sandbox(app, template, variables(own, plain, allowed))
        validation = Validation(allowed)
        validation.validate(directives := parse(text))
    except UserError as error:
        raise AppError(f"App {app}: {error.message}", code="bad_proxy_input", hint=error.hint) from error
    except ConfigSyntaxError as error:
        raise refusal(app, error.line, error.message, text) from error
    except Refused as error:
        raise refusal(app, error.line, error.message, text) from error
    claims = tuple(
        replace(claim, default=validation.found_sockets[claim.socket], quic=claim.socket in validation.found_quic)
        for claim in plain.claims
        if claim.socket in validation.found_sockets and not claim.is_direct
    )
    claims += tuple(claim for claim in plain.claims if claim.is_direct)
    further = own.staples.get(route.certificate, ()) if route.certificate else ()
    directives = [with_own(one, facts, further) if one.name == "server" else one for one in directives]
    return Conf(app, write(directives), claims, tuple(sorted(validation.found_names)), inputs, plain.streams)


SHADOWS = ("return", "rewrite", "if")


def with_own(server: Directive, facts: Facts, staple: tuple[str, ...]) -> Directive:
    """The server with what the template may not decide. A server for plain HTTP gets the location of ACME challenges,
    which replaces the template's own and comes before what the server does with every request. A server with a
    certificate gets stapling."""
    block = list(server.block or [])
    names = {one.name for one in block}
    if "ssl_certificate" in names:
        block += parse("\n".join(staple))
    plain = any(one.name == "listen" and not {"ssl", "http2", "quic"} & {*one.args} for one in block)
    if not facts.challenges or not plain:
        return replace(server, block=block)
    kept = [one for one in block if one.name != "location" or one.args[-1].rstrip("/") != CHALLENGES.rstrip("/")]
    found = parse("\n".join(challenge_lines(facts)))
    # Access rules of a server also apply in its locations, and `return` takes precedence over locations.
    opened = [line for name, line in OPENED.items() if name in names]
    found = [replace(one, block=[*(one.block or []), *parse("\n".join(opened))]) for one in found]
    if not names.isdisjoint(SHADOWS):
        found = [*parse(f"if ($uri ~ ^{re.escape(CHALLENGES)}) {{ break; }}"), *found]
    return replace(server, block=[*found, *kept])


OPENED = {"deny": "allow all;", "auth_request": "auth_request off;", "mirror": "mirror off;"}
"""Directives of a server that would refuse or slow down an ACME authority -> how a location cancels them."""


def refusal(app: str, line: int, message: str, text: str) -> AppError:
    lines = text.splitlines()
    shown = lines[line - 1].strip()[:300] if 0 < line <= len(lines) else ""
    return AppError(
        f"App {app}: its nginx template is refused: line {line} of what it renders to: {message}",
        code="bad_template",
        details=(f"line {line}: {shown}",) if shown else (),
        hint="Fix nginx.conf.j2, or ignore it: dokkupy nginx:set APP disable-custom-config true".replace("APP", app),
    )


def allowance(own: AppRendering, plain: Conf, snippets: str) -> Allowed:
    route = own.route
    logs = {own.log_file("access-log-path"), own.log_file("error-log-path"), "off"}
    upstreams = (*route.upstreams.values(), *route.listeners.values())
    certificate = route.certificate
    return Allowed(
        app=route.app,
        names=frozenset(own.names),
        sockets={claim.socket: claim.kind for claim in plain.claims if not claim.is_direct},
        quic=frozenset(claim.socket for claim in plain.claims if claim.quic),
        takes_all=own.takes_all,
        addresses=frozenset(f"{server.address}:{server.port}" for servers in upstreams for server in servers),
        prefix=prefix_of(route.app),
        certificate=(checked_path(certificate.chain, "Certificate"), checked_path(certificate.key, "Key"))
        if certificate is not None
        else None,
        logs=frozenset(logs),
        snippets=own.snippets if snippets else "",
    )


def variables(own: AppRendering, plain: Conf, allowed: Allowed) -> dict[str, object]:
    """The variables of a template: Dokku's names (reference, section 3.8), with lists instead of Dokku's strings of words,
    and a few of dokkupy's."""
    route, v = own.route, own.values
    http = next((port.host for port in own.ports if KINDS[port.scheme] != TLS), 80)
    certificate = allowed.certificate or ("", "")
    found: dict[str, object] = {
        "APP": route.app,
        "PREFIX": allowed.prefix,
        "PROXY_PORT": http,
        "PROXY_SSL_PORT": own.tls_port or 443,
        "PROXY_PORT_MAP": [str(port) for port in own.ports],
        "PROXY_UPSTREAM_PORTS": sorted({port.container for port in own.ports}),
        "PORTS": [
            {
                "scheme": port.scheme,
                "host": port.host,
                "container": port.container,
                "upstream": own.upstream_name(port),
                "listen": [listen(claim, own.facts) for claim in own.claims(port)],
                "quic": [quic_listen(claim) for claim in own.claims(port) if claim.quic],
                "host_header": HOST,
            }
            for port in own.ports
        ],
        "UPSTREAMS": {
            own.upstream_name(port): [
                f"{server.address}:{server.port}" for server in route.upstreams.get(port.container, ())
            ]
            for port in own.ports
        },
        "SERVER_NAMES": " ".join(own.names) or "_",
        "NOSSL_SERVER_NAME": " ".join(own.names) or "_",
        "SSL_SERVER_NAME": " ".join(own.names) or "_",
        "SSL_INUSE": own.tls_port is not None,
        "SSL_CERTIFICATE": certificate[0],
        "SSL_CERTIFICATE_KEY": certificate[1],
        "NGINX_BIND_ADDRESS_IP4": v["bind-address-ipv4"],
        "NGINX_BIND_ADDRESS_IP6": v["bind-address-ipv6"] if own.facts.ipv6 else "",
        "NGINX_LOG_ROOT": own.facts.logs,
        "NGINX_ACCESS_LOG_PATH": own.log_file("access-log-path"),
        "NGINX_ACCESS_LOG_FORMAT": v["access-log-format"],
        "NGINX_ERROR_LOG_PATH": own.log_file("error-log-path"),
        "NGINX_UNDERSCORE_IN_HEADERS": v["underscore-in-headers"],
        "NGINX_CONF_D": allowed.snippets,
        "HTTP2_SUPPORTED": own.facts.http2,
        "HTTP2_DIRECTIVE_SUPPORTED": own.facts.http2_directive,
        "HTTP3_SUPPORTED": own.facts.http3 and v["http3"] == "true",
        "GRPC_SUPPORTED": True,
        "TLS13_SUPPORTED": True,
        "CONNECTION_HEADER": "$dokkupy_connection_keep" if own.kept else "$dokkupy_connection_close",
        "PROXY_X_FORWARDED_FOR": v["x-forwarded-for-value"],
        "PROXY_X_FORWARDED_PORT": v["x-forwarded-port-value"],
        "PROXY_X_FORWARDED_PROTO": v["x-forwarded-proto-value"],
        "PROXY_X_FORWARDED_SSL": v["x-forwarded-ssl"],
    }
    for process, listeners in route.listeners.items():
        name = "".join(character if character.isalnum() else "_" for character in process).upper()
        found[f"DOKKU_APP_{name}_LISTENERS"] = [f"{server.address}:{server.port}" for server in listeners]
    found.setdefault("DOKKU_APP_WEB_LISTENERS", [])
    for name in PLAIN:
        found[name.upper().replace("-", "_")] = v[name]
    return found


PLAIN = (
    "client-body-timeout",
    "client-header-timeout",
    "client-max-body-size",
    "keepalive-timeout",
    "lingering-timeout",
    "send-timeout",
    "proxy-buffer-size",
    "proxy-buffering",
    "proxy-buffers",
    "proxy-busy-buffers-size",
    "proxy-connect-timeout",
    "proxy-keepalive",
    "proxy-read-timeout",
    "proxy-send-timeout",
)
"""Properties whose variable is their name in capitals."""


def run_sandbox(app: str, template: str, values: dict[str, object]) -> str:
    request = json.dumps({"template": template, "variables": values}).encode()
    try:
        done = execute(
            [sys.executable, "-I", "-m", "dokkupy_nginx.template.sandbox"], stdin=request, check=False, timeout=SECONDS
        )
        answer = json.loads(done.stdout) if done.ok else {"error": "rendering takes too much time or memory"}
    except (HostError, ValueError):
        answer = {"error": "rendering takes too much time or memory"}
    if "error" in answer:
        line = answer.get("line") or 0
        where = f" line {line}" if line else ""
        raise AppError(
            f"App {app}: its nginx template cannot be rendered:{where} {answer['error']}",
            code="bad_template",
            hint=f"Fix nginx.conf.j2, or ignore it: dokkupy nginx:set {app} disable-custom-config true",
        )
    return str(answer["text"])
