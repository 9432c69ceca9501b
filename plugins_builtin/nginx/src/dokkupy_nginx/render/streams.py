"""TCP and UDP ports in nginx's language: `stream {}`, which passes on what comes without reading it. Pure.

A reload leaves each connection at its instance until it ends; the old worker serves it. Datagrams have no connection: what a
client sends next goes to the new instances, always to the same one (`hash`).
"""

from __future__ import annotations

from collections.abc import Iterable

from dokkupy_nginx.config.claims import UDP, Claim
from dokkupy_nginx.render.upstreams import upstream_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.model import Port, Route

    from dokkupy_nginx.render.values import Facts, Values

ZONE = "dokkupy_streams"
"""Counts the connections of each client's address."""

MAIN = f"""stream {{
    limit_conn_zone $binary_remote_addr zone={ZONE}:10m;
    include dokkupy.d/streams/*.conf;
}}
"""
"""What nginx's main configuration includes while some app has a TCP or UDP port."""

IDLE = {"tcp": "1h", "udp": "60s"}
"""How long nothing may pass before a connection is closed, and before a UDP client is forgotten."""


def stream_lines(
    route: Route, rows: Iterable[tuple[Port, Iterable[Claim]]], values: Values, facts: Facts, error_log: str
) -> list[str]:
    """The servers of an app's rows that have instances; the port of a row without one is closed."""
    lines: list[str] = []
    for port, claims in rows:
        servers = route.upstreams.get(port.container, ())
        if not servers:
            continue
        name = f"{route.app}-{port.scheme}-{port.container}-{port.host}"
        lines += [f"upstream {name} {{", *(["    hash $remote_addr;"] if port.scheme == "udp" else [])]
        lines += [f"    server {upstream_address(one.address, one.port)} fail_timeout=2s;" for one in servers]
        lines += ["}", "", "server {", *(f"    listen {stream_listen(claim)};" for claim in claims)]
        lines += [
            f"    proxy_pass {name};",
            f"    proxy_connect_timeout {values['proxy-connect-timeout']};",
            f"    proxy_timeout {IDLE[port.scheme]};",
        ]
        if port.scheme == "tcp" and facts.version >= (1, 15, 6):
            lines.append("    proxy_socket_keepalive on;")
        if facts.per_address:
            lines.append(f"    limit_conn {ZONE} {facts.per_address};")
        lines += [f"    error_log {error_log};" if error_log != "off" else "    error_log /dev/null crit;", "}", ""]
    return lines


def stream_listen(claim: Claim) -> str:
    """`reuseport`: all datagrams of a client come to the same worker, which knows it."""
    return f"{claim.listen} udp reuseport" if claim.kind == UDP else f"{claim.listen} so_keepalive=on"
