"""An app's instances in nginx's language, and which requests travel by a connection that is kept to them.

An app may close an idle connection in the moment in which a request is sent. nginx then sends a request with an idempotent
method again (RFC 9110, section 9.2.2), and nobody notices. Any other request, such as a POST, may have been acted on and
must not be sent twice: it gets a connection of its own, so it never meets one that is being closed.
"""

from __future__ import annotations

from dokkupy_sdk.errors import UserError

from dokkupy_nginx.settings import ipv4

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk.model import Upstream

    from dokkupy_nginx.render.values import Facts

IDEMPOTENT = ("GET", "PUT", "DELETE", "OPTIONS")
"""`GET` of `limit_except` is HEAD too; TRACE is refused by nginx itself."""

IDLE = "1s"
"""How long an unused connection is kept. Servers close theirs after 1 s (Starman), 2 s (gunicorn), 5 s (Node, uvicorn) or
later, so it is nearly always nginx that closes. Servers whose idle connections occupy a worker are free again soon."""

LIFE = "5s"
"""How long a connection is used at most, so that nobody waits long for a server that has fewer workers than nginx has
connections to it."""

RETRY = "10s"
"""After this time a failed request is not sent to another instance: a request by which the app fails after half a minute
is not repeated until all of it has failed."""

AGAIN = "@dokkupy_again"
"""Where a request goes that no kept connection brought an answer to."""

UPGRADE = "$dokkupy_upgrade"
"""`upgrade`, if the client asks for it; else nothing, also for nginx, which sends no header then."""

CLOSE = "$dokkupy_connection_close"

MAPS = (
    'map $http_upgrade $dokkupy_connection_close { default upgrade; "" close; }',
    'map $http_upgrade $dokkupy_connection_keep { default upgrade; "" ""; }',
    'map "$request_method $request_time" $dokkupy_after_502 {',
    "    default @dokkupy_502;",
    f'    "~^(?:HEAD|{"|".join(IDEMPOTENT)}) [0-9]\\." {AGAIN};',
    "}",
)
"""The header `Connection` to the app, without and with kept connections (the latter for templates: our own text has
UPGRADE); and what follows a 502 of the proxy. After ten seconds, as with RETRY, it is final. A request with a connection of
its own does not announce `close`: nginx closes it, and a map by the method would cost 400 of a request's 31,500
instructions."""


def upstream_lines(name: str, servers: Sequence[Upstream], kept: int, facts: Facts) -> list[str]:
    """kept: how many idle connections each worker keeps."""
    # A failed instance is tried again after 2 s: long enough to spare requests, short enough for a restart.
    lines = [f"    server {upstream_address(server.address, server.port)} fail_timeout=2s;" for server in servers]
    if not kept:
        return [f"upstream {name} {{", *lines, "}", ""]
    keeping = [f"    keepalive {kept};"]
    if facts.version >= (1, 15, 3):
        keeping.append(f"    keepalive_timeout {IDLE};")
    if facts.version >= (1, 19, 10):
        keeping.append(f"    keepalive_time {LIFE};")
    return [f"upstream {name} {{", *lines, *keeping, "}", "", f"upstream {fresh(name)} {{", *lines, "}", ""]


def fresh(name: str) -> str:
    """The same instances, with a new connection for each request."""
    return f"{name}_fresh"


def location_lines(name: str, servers: Sequence[Upstream], kept: int, how: Sequence[str]) -> list[str]:
    """`location /`. how: the directives of a location that passes requests on."""
    if not kept:
        return ["    location / {", *passed(name, CLOSE, how), "    }"]
    lines = [
        "    location / {",
        *passed(name, UPGRADE, how),
        f"        limit_except {' '.join(IDEMPOTENT)} {{ proxy_pass http://{fresh(name)}; }}",
    ]
    if len(servers) == 1:  # nginx goes through the connections that it kept to it, and then opens one
        return [*lines, "    }"]
    # It asks each of several once, and they may all have just closed their connections.
    return [
        *lines,
        *(f"        error_page {status} @dokkupy_{status};" for status in (413, 503, 504)),
        "        error_page 502 = $dokkupy_after_502;",
        "        recursive_error_pages on;",
        "    }",
        f"    location {AGAIN} {{",
        *passed(fresh(name), CLOSE, how),
        "    }",
    ]


def passed(name: str, connection: str, how: Sequence[str]) -> list[str]:
    return [
        f"        proxy_pass http://{name};",
        "        proxy_http_version 1.1;",
        "        proxy_set_header Upgrade $http_upgrade;",
        f"        proxy_set_header Connection {connection};",
        *how,
    ]


def upstream_address(address: str, port: int) -> str:
    if not 0 < port < 65536:
        raise UserError(f"upstream port {port} is not a valid port")
    return f"{ipv4(address)}:{port}"
