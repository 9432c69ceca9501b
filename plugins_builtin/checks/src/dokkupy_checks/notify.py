"""What a failing check sets off: a command in its container, a JSON document to a URL.

Both come from the pushed repository. The command runs inside the container (Dokku runs it on the host as root). The
URL may only lead to public addresses, the one that was looked at is the one that is connected to, and no redirect is
followed: the host's own network is none of the repository's business.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Release

from dokkupy_checks.probe import Outcome

SECONDS = 5.0


def on_failure(host: Host, release: Release, outcome: Outcome) -> None:
    """Do what the check's onFailure asks for; its own failures are warnings."""
    check = outcome.check
    if check.on_failure_command:
        try:
            result = host.engine().exec(outcome.instance.id, check.on_failure_command, timeout=30.0)
            for line in result.output.splitlines()[-20:]:
                host.out.stream(line, error=result.exit_code != 0)
            if result.exit_code != 0:
                host.out.warn(f"The onFailure command of {check.name} exited with {result.exit_code}")
        except (DokkupyError, TimeoutError) as error:
            host.out.warn(f"The onFailure command of {check.name} could not be run: {error or 'no end in 30 s'}")
    if check.on_failure_url:
        document = {
            "app": str(release.app),
            "release": release.number,
            "process": str(outcome.instance.process),
            "instance": outcome.instance.dyno,
            "check": check.name,
            "error": outcome.error,
        }
        try:
            status = post_json(check.on_failure_url, document)
            if status >= 300:
                host.out.warn(f"The onFailure URL of {check.name} answered with {status}")
        except (OSError, ValueError, http.client.HTTPException) as error:
            host.out.warn(f"The onFailure URL of {check.name} could not be notified: {error}")


def public(address: str) -> bool:
    """Whether an address is one of the public internet (no loopback, private, link-local, metadata or multicast)."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is not None:
            found = inner
        elif found in ipaddress.ip_network("64:ff9b::/96"):
            return False
    return found.is_global and not found.is_multicast


def post_json(url: str, document: dict[str, object], *, allowed: Callable[[str], bool] = public) -> int:
    """POST a document and return the status. Raises ValueError when the URL leads to a forbidden address."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it is not an http or https URL")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = [str(row[4][0]) for row in found]
    if not addresses or not all(allowed(address) for address in addresses):
        raise ValueError(f"{parts.hostname} is not a public address")
    connection = http.client.HTTPConnection(parts.hostname, port, timeout=SECONDS)
    connection.sock = socket.create_connection((addresses[0], port), timeout=SECONDS)
    try:
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(connection.sock, server_hostname=parts.hostname)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host_field = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
        body = json.dumps(document).encode()
        headers = {"Host": host_field, "Content-Type": "application/json", "User-Agent": "dokkupy-checks"}
        connection.request("POST", target, body=body, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()
