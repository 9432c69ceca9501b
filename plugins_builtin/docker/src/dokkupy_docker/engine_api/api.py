"""The engine's HTTP API over its socket, for plain requests and answers, because importing the SDK takes 100 ms.

HTTP/1.0, so that the body ends where the connection does. `http.client` would do it as well, and its import costs as much as
two interpreters; those of `json`, `socket` and `urllib.parse` cost one together, so reports get along without.
"""

from __future__ import annotations

import os

from dokkupy_sdk.errors import HostError

SOCKET = "/var/run/docker.sock"
VERSION = "v1.41"
"""Docker 20.10, the oldest engine that is supported (Debian 12)."""


CHANGE_SECONDS = 120
"""Seconds that the engine may take for a request."""

PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:@")
"""Bytes that need no escaping in the path and in the query of a URL (RFC 3986, sections 3.3 and 3.4)."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Mapping
    from typing import Any, BinaryIO


class Refused(Exception):
    """The engine refused a request. words: its message."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


def socket_path() -> str:
    host = os.environ.get("DOCKER_HOST", "")
    return host.removeprefix("unix://") if host.startswith("unix://") else SOCKET


def is_installed() -> bool:
    return any(os.path.exists(f"{place}/dockerd") for place in ("/usr/bin", "/usr/sbin", "/usr/local/bin"))


def down(error: object) -> HostError:
    return HostError(
        f"The Docker engine does not answer: {error}",
        hint="Start it (systemctl start docker), or read its log."
        if is_installed()
        else "Docker is not installed: apt-get install docker.io",
        code="engine_down",
    )


def get(path: str, **query: Any) -> Any:
    """GET a JSON document; None for 404. Mappings in the query are sent as JSON."""
    status, body = asked(path, query)
    return None if status == 404 else parsed(body)


def engine_version() -> str:
    """The engine's version, from the head of a response (`Server: Docker/26.1.5 (linux)`), because older engines run two
    programs to answer `/version`."""
    head, _ = answered("GET", "/_ping", None, timeout=60)
    for line in head.split(b"\r\n"):
        name, _, value = line.decode(errors="replace").partition(":")
        program, _, version = value.strip().partition(" ")[0].partition("/")
        if name.lower() == "server" and program == "Docker" and version:
            return version
    return str(get("/version")["Version"])


def exists(path: str, /, **query: Any) -> bool:
    """HEAD: whether the path exists."""
    status, _ = exchange("HEAD", target(path, query), None, timeout=60)
    if status not in (200, 404):
        raise Refused(status, f"status {status}")
    return status == 200


def lines(path: str, **query: Any) -> list[Any]:
    """GET a JSON document in each line."""
    import json

    return [json.loads(line) for line in asked(path, query)[1].splitlines() if line]


def call(
    method: str,
    path: str,
    body: Any = None,
    *,
    timeout: float | None = CHANGE_SECONDS,
    headers: Mapping[str, str] = {},
    **query: Any,
) -> Any:
    """A request that changes something, or waits for it: the JSON document of the answer, None when there is none.

    Raises Refused, TimeoutError, HostError when the engine does not answer.
    """
    status, found = exchange(method, target(path, query), body, timeout=timeout, headers=headers)
    require_done(status, found)
    return parsed(found) if found.strip() else None


def parsed(document: bytes) -> Any:
    """Parse JSON like `json.loads`, with only the part of it that is written in C."""
    try:
        from _json import make_scanner

        text = document.decode().strip()
        value, end = make_scanner(Values)(text, 0)  # type: ignore[arg-type]  # any object with these attributes
        if end == len(text):
            return value
    except (
        ImportError,
        AttributeError,
        StopIteration,
    ):  # another version of Python, which takes more arguments; or invalid JSON
        pass
    import json

    return json.loads(document)


class Values:
    """The settings that `json.JSONDecoder` passes to the scanner."""

    strict = True
    object_hook = object_pairs_hook = array_hook = None
    parse_float, parse_int, parse_constant = float, int, float


def stream(path: str, **query: Any) -> BinaryIO:
    """The body of a GET, to be read as it arrives and closed. Raises Refused, HostError when the engine does not answer."""
    try:
        connection = connected(None)
        try:
            connection.sendall(request("GET", target(path, query), None))
            file: BinaryIO = open(connection.detach(), "rb")
        finally:
            connection.close()
        head = [line := file.readline()]
        while line.strip():
            head.append(line := file.readline())
        status = status_of(head[0])
        if status >= 400:
            require_done(status, file.read())
    except OSError as error:
        raise down(error) from error
    return file


def asked(path: str, query: dict[str, Any]) -> tuple[int, bytes]:
    status, body = fetch(target(path, query))
    if status >= 400 and status != 404:
        raise HostError(
            f"The Docker engine refused {path}: {body.decode(errors='replace')[:500]}",
            hint="Check the engine: sudo systemctl status docker; sudo journalctl -u docker",
        )
    return status, body


def target(path: str, query: dict[str, Any]) -> str:
    words = "&".join(f"{key}={quoted(text_of(value))}" for key, value in query.items())
    return f"/{VERSION}{path}" + (f"?{words}" if words else "")


def text_of(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    import json

    return json.dumps(value)


def quoted(text: str) -> str:
    """Quote a text for a URL like `urllib.parse.quote`."""
    return "".join(chr(byte) if byte in PLAIN else f"%{byte:02X}" for byte in text.encode())


def require_done(status: int, body: bytes) -> None:
    """Raises Refused if the status is that of a failure."""
    if status >= 400:
        import json

        text = body.decode(errors="replace")
        try:
            words = str(json.loads(text)["message"])
        except (ValueError, KeyError, TypeError):
            words = text[:500]
        raise Refused(status, words.strip())


def fetch(target: str) -> tuple[int, bytes]:
    """Status and body of a GET."""
    try:
        return exchange("GET", target, None, timeout=60)
    except TimeoutError as error:
        raise down(error) from error


def exchange(
    method: str, target: str, body: Any, *, timeout: float | None, headers: Mapping[str, str] = {}
) -> tuple[int, bytes]:
    """Status and body of the answer. Raises TimeoutError, HostError when the engine does not answer."""
    head, answer = answered(method, target, body, timeout=timeout, headers=headers)
    return status_of(head), answer


def answered(
    method: str, target: str, body: Any, *, timeout: float | None, headers: Mapping[str, str] = {}
) -> tuple[bytes, bytes]:
    """Head and body of the answer; raises as `exchange` does."""
    try:
        connection = connected(timeout)
        try:
            connection.sendall(request(method, target, body, headers))
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        finally:
            connection.close()
    except TimeoutError:
        raise
    except OSError as error:
        raise down(error) from error
    head, found, answer = b"".join(parts).partition(b"\r\n\r\n")
    if not found:
        raise down("its answer was cut off")
    length = next(
        (line[15:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), b""
    ).strip()
    if length and int(length) != len(answer) and method != "HEAD":
        raise down("its answer was cut off")
    return head, answer


def connected(timeout: float | None) -> socket:
    from _socket import AF_UNIX, SOCK_STREAM, socket

    connection = socket(AF_UNIX, SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(socket_path())
    except BaseException:
        connection.close()
        raise
    return connection


def request(method: str, target: str, body: Any, headers: Mapping[str, str] = {}) -> bytes:
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"{method} {target} HTTP/1.0\r\nHost: docker\r\n{more}"
    if body is None:
        return f"{head}\r\n".encode("ascii")
    import json

    data = json.dumps(body).encode()
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode("ascii") + data


def status_of(head: bytes) -> int:
    words = head.split(maxsplit=2)
    if len(words) < 2 or not words[1].isdigit():
        raise down("its answer was cut off")
    return int(words[1])
