"""The file that belongs to no app: shared definitions, the refusal of unknown names, and the current generation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from dokkupy_nginx.config.claims import HTTP, TLS, Claim
from dokkupy_nginx.inspect.host_config import HTTP_DIRECTIVES
from dokkupy_nginx.layout import PROBE_NAME
from dokkupy_nginx.render.app import PER_ADDRESS, challenge_lines, checked_path, listen
from dokkupy_nginx.render.error_pages import cause_map
from dokkupy_nginx.render.log_format import LOG_FORMATS
from dokkupy_nginx.render.tls import PROFILES, quic_catch_alls
from dokkupy_nginx.render.upstreams import MAPS
from dokkupy_nginx.render.values import Facts

HOST_MAPS = (
    'map $server_port $dokkupy_served_port { 80 ""; 443 ""; default ":$server_port"; }',
    'map $http_host $dokkupy_port { "" $dokkupy_served_port; "~(?<dokkupy_asked>:[0-9]{1,5})$" $dokkupy_asked; default ""; }',
    'map $host $dokkupy_host { _ ""; default $host$dokkupy_port; }',
)
"""The name by which nginx chose the app, and the port that the client sent. The header Host may have another name if the
request line has a whole URL (RFC 9112, section 3.2.2), and HTTP/3 has `:authority` instead. nginx uses `_` for a request
without a name."""


def render_default(
    generation: str,
    catch_alls: Iterable[Claim],
    probe: Claim,
    facts: Facts,
    *,
    omit: Iterable[str] = (),
    certificate: tuple[str, str] | None = None,
    quic: Sequence[Claim] = (),
    foreign_quic: Mapping[tuple[str, int], Set[str]] | None = None,
) -> str:
    """The file that belongs to no app: shared definitions, the refusal of unknown names, and the response to the probe.

    omit: directives that the host's own configuration already has. certificate: for the handshake with unknown names,
    which nginx before 1.19.4 cannot refuse. quic: the sockets of HTTP/3. foreign_quic: parameters of such sockets in
    other sites.
    """
    skip = set(omit)
    lines = [
        f"# dokkupy generation {generation}",
        *MAPS,
        'geo $dokkupy_dollar { default "$"; }',
    ]
    lines += HOST_MAPS
    lines += cause_map()
    lines += LOG_FORMATS
    lines += [f"{name} {value};" for name, value in HTTP_DIRECTIVES.items() if name not in skip]
    lines += [f"limit_conn_zone $binary_remote_addr zone={PER_ADDRESS}:10m;", ""]
    for claim in catch_alls:
        lines += ["server {", f"    listen {listen(claim, facts)};", "    server_name _;", "    access_log off;"]
        if claim.kind == TLS and facts.reject_handshake:
            lines += ["    ssl_reject_handshake on;", *(f"    {line}" for line in PROFILES[facts.tls_profile])]
        elif claim.kind == TLS and certificate is not None:
            lines += [f"    ssl_certificate {certificate[0]};", f"    ssl_certificate_key {certificate[1]};"]
        # 444 closes the connection without a response, which reveals nothing, costs least, and looks the same as a refused
        # TLS handshake. Challenges are served, because the app of a name may never have been deployed.
        if claim.kind == HTTP and (facts.challenges or facts.waiting):
            lines += [*challenge_lines(facts), *waiting_lines(facts), "}", ""]
        else:
            lines += ["    return 444;", "}", ""]
    lines += quic_catch_alls(quic, facts, foreign_quic or {})
    lines += [
        "server {",
        f"    listen {probe.listen};",
        f"    server_name {PROBE_NAME};",
        "    access_log off;",
        "    if ($remote_addr != $server_addr) { return 444; }",
        "    location = /generation {",
        "        default_type text/plain;",
        f"        return 200 {generation};",
        "    }",
        "    location / { return 444; }",
        "}",
        "",
    ]
    return "\n".join(lines)


def waiting_lines(facts: Facts) -> list[str]:
    """The page of a name that no route serves, if there is one: a file with that name."""
    if not facts.waiting:
        return ["    location / { return 444; }"]
    directory = checked_path(facts.waiting, "Directory").rstrip("/")
    return [
        f"    root {directory};",
        "    error_page 502 @dokkupy_waiting;",
        "    location / {",
        "        if (-f $document_root/$host) { return 502; }",
        "        return 444;",
        "    }",
        "    location @dokkupy_waiting {",
        "        internal;",
        "        default_type text/html;",
        "        try_files /$host =444;",
        "    }",
    ]
