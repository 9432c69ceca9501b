"""What a failing check triggers: a command in its container, a JSON document to a URL.

Both come from the pushed repository. The command runs inside the container (Dokku runs it on the host as root). The URL may
only lead to public addresses. The connection goes to the address that was validated, and no redirect is followed, because a
repository must not reach the host's own network.
"""

from __future__ import annotations

import http.client
import json
import ssl
from urllib.parse import urlsplit

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Release
from dokkupy_sdk.outgoing import Guard, guard_of_source, require_http
from dokkupy_sdk.text import reason_of

from dokkupy_checks.probe import Outcome

SECONDS = 5.0


def on_failure(host: Host, release: Release, outcome: Outcome) -> None:
    """Run the check's onFailure; if that fails too, print a warning."""
    check = outcome.check
    if check.on_failure_command:
        try:
            result = host.instances(release.app).exec(outcome.instance, check.on_failure_command, timeout=30.0)
            for line in result.output.splitlines()[-20:]:
                host.out.stream(line, error=result.exit_code != 0)
            if result.exit_code != 0:
                host.out.warn(f"The onFailure command of {check.name} exited with status {result.exit_code}")
        except (DokkupyError, TimeoutError) as error:
            host.out.warn(
                f"The onFailure command of {check.name} could not be run: {error or 'it did not end within 30 s'}"
            )
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
            status = post_json(check.on_failure_url, document, guard=guard_of_source(host))
            if status >= 300:
                host.out.warn(f"The onFailure URL of {check.name} answered with {status}")
        except (DokkupyError, OSError, ValueError, http.client.HTTPException) as error:
            host.out.warn(f"The onFailure URL of {check.name} could not be notified: {reason_of(error)}")


def post_json(url: str, document: dict[str, object], *, guard: Guard) -> int:
    """POST a document and return the status. Raises UserError when the URL leads to a forbidden address."""
    require_http(url)
    parts = urlsplit(url)
    assert parts.hostname is not None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = http.client.HTTPConnection(parts.hostname, port, timeout=SECONDS)
    connection.sock = guard.connect((parts.hostname, port), SECONDS)
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
