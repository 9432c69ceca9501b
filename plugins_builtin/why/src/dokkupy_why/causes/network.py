"""Ports that are taken or forbidden, servers that do not answer, names that nobody knows."""

from __future__ import annotations

import re

from dokkupy_sdk.diagnosis import Cause, Evidence, Rule, last_match, read_rules, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SERVERS = {5432: "postgres", 3306: "mysql", 6379: "redis", 27017: "mongo", 5672: "rabbitmq", 11211: "memcached"}
"""The port of a kind of service, where everybody expects it."""

SETTINGS = {"postgres": "DATABASE_URL", "mysql": "DATABASE_URL", "redis": "REDIS_URL", "mongo": "MONGO_URL"}

REFUSED = tuple(
    map(
        re.compile,
        (
            r"ECONNREFUSED (?P<host>[\w.:-]+?):(?P<port>\d+)",
            r"dial tcp (?P<host>[\w.:-]+?):(?P<port>\d+): connect: connection refused",
            r"server at \"(?P<host>[^\"]+)\"(?: \([^)]*\))?, port (?P<port>\d+) failed: Connection refused",
            r"Connection refused - connect\(2\) for \"(?P<host>[^\"]+)\" port (?P<port>\d+)",
            r"ConnectionRefusedError|java\.net\.ConnectException: Connection refused|(?i:connection refused)",
        ),
    )
)
"""From those that say where to those that do not."""

RULES = (
    Rule(
        r"(?P<what>[Aa]ddress already in use|EADDRINUSE|AddrInUse|Port \d+ was already in use)",
        "The port is taken: two processes in the container listen on the same one",
        "Start one server only, and let it listen on 0.0.0.0 and the port in the variable PORT.",
    ),
    Rule(
        r"(?i)(?:listen EACCES|permission denied).*(?::|', )(?P<port>\d{1,3})\b",
        "A process that is not root may not listen on port {port}",
        "Let it listen on the port in the variable PORT (5000), or set another above 1023: ports:set {app} http:80:8080",
    ),
    Rule(
        r"getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (?P<host>[\w.-]+)"
        r"|UnknownHostException: (?P<host2>[\w.-]+)"
        r"|lookup (?P<host3>[\w.-]+).*no such host"
        r"|could not translate host name \"(?P<host4>[^\"]+)\"",
        "The host name {host}{host2}{host3}{host4} does not resolve",
        "If it is a service's, link it: <kind>:link SERVICE {app} (`<kind>:list` shows them; a linked one is in `config:keys {app}`).",
        "Otherwise correct the name in the app's variables: config:show {app}",
    ),
    Rule(
        r"certificate verify failed: (?P<why>[^(\n]*[^( \n])"
        r"|certificate verify failed \((?P<why2>[^)\n]+)\)"
        r"|SSL certificate problem: (?P<why3>[^\n]+)"
        r"|x509: (?P<why4>certificate [^(\n]*[^( \n])"
        r"|Error: (?P<why5>self-signed certificate\b[^\n]*|certificate has expired|unable to verify the first certificate"
        r"|unable to get local issuer certificate|Hostname/IP does not match certificate's altnames[^\n]*)"
        r"|SSLHandshakeException: (?P<why6>[^:\n]+)",
        "The program does not trust the certificate of a server that it calls: {why}{why2}{why3}{why4}{why5}{why6}",
        "Expired or of another name: fix it on that server, or call the server by a name in its certificate.",
        "Of an authority of your own: add its certificate to the image (/usr/local/share/ca-certificates, then "
        "update-ca-certificates), or name its file: config:set {app} SSL_CERT_FILE=PATH (Node: NODE_EXTRA_CA_CERTS).",
    ),
    Rule(
        r"(?:gaierror|getaddrinfo): .*(?P<what>Name or service not known|Temporary failure in name resolution)",
        "A host name that the program uses does not resolve",
        "If it is a service's, link it: <kind>:link SERVICE {app}",
        "Otherwise correct the name in the app's variables: config:show {app}",
    ),
)


def refused(evidence: Evidence) -> Iterator[Cause]:
    """A server that the program calls does not answer: itself, where it calls loopback."""
    for pattern in REFUSED:
        found = last_match(pattern, evidence.text)
        if found is None:
            continue
        index, match = found
        where = match.groupdict()
        yield refused_at(evidence, where.get("host") or "", int(where.get("port") or 0), shown(evidence.text, index))
        return


def refused_at(evidence: Evidence, host: str, port: int, lines: tuple[str, ...]) -> Cause:
    app, kind = evidence.app, SERVERS.get(port, "")
    if host in ("127.0.0.1", "localhost", "::1"):
        server = f"the {kind} server" if kind else "a server"
        linked = next((name for name in evidence.links if f"-{kind}-" in name), "") if kind else ""
        fix = (
            f"{linked} is linked: read its address from the variables of the app (`config:keys {app}`)."
            if linked
            else f"Create and link one: {kind}:create NAME, then {kind}:link NAME {app}; its address is then in {SETTINGS.get(kind, 'a variable')}."
            if kind
            else f"Put the server's address into a variable: config:set {app} KEY=VALUE"
        )
        return Cause(f"The program looks for {server} in its own container, at {host}:{port}", (fix,), lines)
    where = f" at {host}:{port}" if host else ""
    return Cause(
        f"A server that the program calls{where} does not take connections",
        (
            f"If it is a service, see that it runs: {kind or '<kind>'}:info SERVICE; {kind or '<kind>'}:start SERVICE starts it.",
            f"Otherwise compare the address in the app's variables: config:show {app}",
        ),
        lines,
    )


def network_causes(evidence: Evidence) -> Iterator[Cause]:
    if evidence.step != "build":
        yield from read_rules(RULES, evidence)
        yield from refused(evidence)
