"""The engine's HTTP API over its socket, for what is only read: the SDK's import costs 100 ms, this nothing."""

from __future__ import annotations

import json
import os
from typing import Any

from dokkupy_sdk.errors import HostError

SOCKET = "/var/run/docker.sock"
VERSION = "v1.41"
"""Docker 20.10, the oldest engine that is supported (Debian 12)."""


def socket_path() -> str:
    host = os.environ.get("DOCKER_HOST", "")
    return host.removeprefix("unix://") if host.startswith("unix://") else SOCKET


def down(error: object) -> HostError:
    return HostError(
        f"The Docker engine does not answer: {error}",
        hint="Start it (systemctl start docker), or look at its log.",
        code="engine_down",
    )


def get(path: str, **query: Any) -> Any:
    """GET a JSON document; None for 404. Mappings in the query are sent as JSON."""
    status, body = asked(path, query)
    return None if status == 404 else json.loads(body)


def lines(path: str, **query: Any) -> list[Any]:
    """GET a JSON document in each line."""
    return [json.loads(line) for line in asked(path, query)[1].splitlines() if line]


def asked(path: str, query: dict[str, Any]) -> tuple[int, bytes]:
    from urllib.parse import urlencode

    words = urlencode({key: json.dumps(value) if isinstance(value, dict) else value for key, value in query.items()})
    status, body = fetch(f"/{VERSION}{path}" + (f"?{words}" if words else ""))
    if status >= 400 and status != 404:
        raise HostError(f"The Docker engine refused {path}: {body.decode(errors='replace')[:500]}")
    return status, body


def fetch(target: str) -> tuple[int, bytes]:
    """Status and body of a GET. HTTP/1.0, so that the body ends where the connection does: `http.client` would do it as
    well, and its import costs as much as two interpreters."""
    import socket

    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(60)
            connection.connect(socket_path())
            connection.sendall(f"GET {target} HTTP/1.0\r\nHost: docker\r\n\r\n".encode("ascii"))
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
    except OSError as error:
        raise down(error) from error
    head, found, body = b"".join(parts).partition(b"\r\n\r\n")
    words = head.split(maxsplit=2)
    if not found or len(words) < 2 or not words[1].isdigit():
        raise down("its answer was cut off")
    length = next(
        (line[15:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), b""
    ).strip()
    if length and int(length) != len(body):
        raise down("its answer was cut off")
    return int(words[1]), body
