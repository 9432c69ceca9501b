"""The engine's HTTP API over its socket, for what is only read: the SDK's import costs 100 ms, this 30."""

from __future__ import annotations

import json
import os
from typing import Any

from dokkupy_sdk.errors import HostFault

SOCKET = "/var/run/docker.sock"
VERSION = "v1.41"
"""Docker 20.10, the oldest engine that is supported (Debian 12)."""


def socket_path() -> str:
    host = os.environ.get("DOCKER_HOST", "")
    return host.removeprefix("unix://") if host.startswith("unix://") else SOCKET


def down(error: object) -> HostFault:
    return HostFault(
        f"The Docker engine does not answer: {error}", hint="Start it (systemctl start docker), or look at its log.",
        code="engine_down",
    )  # fmt: skip


def get(path: str, **query: Any) -> Any:
    """GET a JSON document; None for 404. Lists and mappings in the query are sent as JSON."""
    import socket
    from http.client import HTTPConnection, HTTPException
    from urllib.parse import urlencode

    class Connection(HTTPConnection):
        def connect(self) -> None:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(self.timeout)
            self.sock.connect(socket_path())

    words = urlencode({key: json.dumps(value) if isinstance(value, dict) else value for key, value in query.items()})
    connection = Connection("localhost", timeout=60)
    try:
        connection.request("GET", f"/{VERSION}{path}" + (f"?{words}" if words else ""))
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, HTTPException) as error:
        raise down(error) from error
    finally:
        connection.close()
    if answer.status == 404:
        return None
    if answer.status >= 400:
        raise HostFault(f"The Docker engine refused {path}: {body.decode(errors='replace')[:500]}")
    return json.loads(body)
