"""nginx's lines for TLS: protocols and ciphers, certificates, HSTS, OCSP stapling, HTTP/3."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

    from dokkupy_nginx.config.claims import Claim
    from dokkupy_nginx.render.values import Facts, Values

PROFILES = {
    "modern": ["ssl_protocols TLSv1.3;"],
    "intermediate": [
        "ssl_protocols TLSv1.2 TLSv1.3;",
        "ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
        "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;",
    ],
}
"""https://wiki.mozilla.org/Security/Server_Side_TLS, version 5.7, without the ciphers that require own parameters. The
protocol is negotiated before the name is known, so the profile is the host's and the catch-all uses it too."""

ALT_SVC_SECONDS = 3600
"""How long clients remember HTTP/3. With a default of a day, switching it off would take effect too late."""


def session_lines(chain: str, key: str, facts: Facts) -> list[str]:
    """chain, key: validated paths."""
    return [
        f"    ssl_certificate {chain};",
        f"    ssl_certificate_key {key};",
        *(f"    {line}" for line in PROFILES[facts.tls_profile]),
        "    ssl_prefer_server_ciphers off;",
        "    ssl_session_cache shared:dokkupy:10m;",
        "    ssl_session_timeout 1d;",
        "    ssl_session_tickets off;",
    ]


def hsts_lines(values: Values, scheme: str) -> list[str]:
    """Replace the app's own header, because of two headers clients use the first (RFC 6797, section 8.1), and preload lists
    use none."""
    if not values.on("hsts"):
        return []
    words = [f"max-age={values['hsts-max-age']}"]
    words += ["includeSubDomains"] if values.on("hsts-include-subdomains") else []
    words += ["preload"] if values.on("hsts-preload") else []
    return [
        f"    {'grpc' if scheme.startswith('grpc') else 'proxy'}_hide_header Strict-Transport-Security;",
        f'    add_header Strict-Transport-Security "{"; ".join(words)}" always;',
    ]


def stapling_lines(authorities: str, resolvers: Sequence[str], *, ipv6: bool) -> list[str]:
    """authorities: the file of the authorities above the certificate. Without resolvers, nginx keeps using the addresses
    that it resolved when it started."""
    lines = [
        "    ssl_stapling on;",
        "    ssl_stapling_verify on;",
        f"    ssl_trusted_certificate {authorities};",
    ]
    if resolvers:
        words = [*resolvers, *([] if ipv6 else ["ipv6=off"])]
        lines += [f"    resolver {' '.join(words)};", "    resolver_timeout 5s;"]
    return lines


# HTTP/3


def quic_lines(claims: Iterable[Claim], port: int) -> list[str]:
    """The HTTP/3 sockets of a server, and the header that announces them to clients. `reuseport`, which may appear only
    once, is in the catch-all."""
    found = [f"    listen {quic_listen(claim)};" for claim in claims if claim.quic]
    return [*found, f"    add_header Alt-Svc 'h3=\":{port}\"; ma={ALT_SVC_SECONDS}' always;"] if found else []


def quic_listen(claim: Claim) -> str:
    return f"{claim.listen} quic{' default_server' if claim.default else ''}"


def quic_catch_alls(claims: Iterable[Claim], facts: Facts, foreign: Mapping[tuple[str, int], Set[str]]) -> list[str]:
    """Servers that refuse unknown names over HTTP/3. Without `reuseport`, workers would get each other's packets.
    foreign: parameters that other sites already set for the same sockets."""
    lines: list[str] = []
    for claim in claims:
        said = foreign.get(claim.socket, set())
        words = [claim.listen, "quic", *({"reuseport"} - said)]
        name = "_"
        if claim.default and "default_server" not in said:
            words.append("default_server")
        else:  # an app serves all names, so this server gets a name that nobody uses
            name = "quic.dokkupy.invalid"
        lines += [
            "server {",
            f"    listen {' '.join(words)};",
            f"    server_name {name};",
            "    access_log off;",
            "    ssl_reject_handshake on;",
            *(f"    {line}" for line in PROFILES[facts.tls_profile]),
            # A known name in the handshake and another in the request: RFC 9110, section 15.5.20.
            "    return 421;",
            "}",
            "",
        ]
    return lines
