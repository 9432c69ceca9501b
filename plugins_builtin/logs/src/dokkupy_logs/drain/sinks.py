"""Sends lines to a sink. A sink has one connection, is used by one thread, and raises OSError when it could not send."""

from __future__ import annotations

import json
import os
import select
import socket
import ssl
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from dokkupy_sdk.outgoing import Guard

from dokkupy_logs.drain.dsn import Dsn, address_of
from dokkupy_logs.lines import Line

SECONDS = 10
"""How long a receiver may take to connect, and to answer."""

GuardOf = Callable[[], Guard]


class Refused(OSError):
    """The receiver refuses these lines, so sending them again is useless."""


class Sink(ABC):
    def __init__(self, dsn: Dsn, guard_of: GuardOf, app: str) -> None:
        self.dsn, self.guard_of, self.app = dsn, guard_of, app

    @abstractmethod
    def send(self, lines: Sequence[Line]) -> None:
        """Send all lines, or raise OSError."""

    def close(self) -> None:  # noqa: B027 - a sink without a connection has nothing to do
        """Close the connection."""

    def tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.dsn.options.get("tls.ca_file") or None)
        if not self.dsn.is_on("tls.verify_certificate", True):
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        elif not self.dsn.is_on("tls.verify_hostname", True):
            context.check_hostname = False
        return context


class Http(Sink):
    """A POST of a JSON array, as Vector's sink `http` sends it."""

    option = "uri"
    connection: HTTPConnection | None = None

    def send(self, lines: Sequence[Line]) -> None:
        url = urlsplit(self.url())
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        try:
            connection = self.connected(url.scheme == "https", str(url.hostname), url.port)
            connection.request(self.dsn.options.get("method", "post").upper(), path, self.body(lines), self.headers())
            answer = connection.getresponse()
            answer.read(65536)
        except HTTPException as error:
            raise OSError(f"its answer is not HTTP: {type(error).__name__}") from error
        finally:
            self.close()
        if answer.status in (408, 429) or answer.status >= 500:
            raise OSError(f"it answered {answer.status} {answer.reason}")
        if not 200 <= answer.status < 300:
            raise Refused(f"it answered {answer.status} {answer.reason}")

    def connected(self, secure: bool, name: str, port: int | None) -> HTTPConnection:
        made = (
            HTTPSConnection(name, port, timeout=SECONDS, context=self.tls())
            if secure
            else HTTPConnection(name, port, timeout=SECONDS)
        )
        made._create_connection = self.guard_of().connect  # type: ignore[attr-defined]
        self.connection = made
        return made

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def url(self) -> str:
        return self.dsn.options[self.option]

    def headers(self) -> dict[str, str]:
        options = self.dsn.options
        found = {"Content-Type": "application/json", "User-Agent": "dokkupy"}
        if options.get("auth.user"):
            login = f"{options['auth.user']}:{options.get('auth.password', '')}"
            found["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
        elif options.get("auth.token"):
            found["Authorization"] = f"Bearer {options['auth.token']}"
        for name, value in options.items():
            if name.startswith("request.headers."):
                found[name.removeprefix("request.headers.")] = value
        return found

    def body(self, lines: Sequence[Line]) -> bytes:
        return json.dumps([facts(self.app, line) for line in lines]).encode()


class Loki(Http):
    """Loki's push API (https://grafana.com/docs/loki/latest/reference/loki-http-api/)."""

    option = "endpoint"

    def url(self) -> str:
        return super().url().rstrip("/") + self.dsn.options.get("path", "/loki/api/v1/push")

    def headers(self) -> dict[str, str]:
        tenant = self.dsn.options.get("tenant_id")
        return {**super().headers(), **({"X-Scope-OrgID": tenant} if tenant else {})}

    def body(self, lines: Sequence[Line]) -> bytes:
        own = {
            name.removeprefix("labels."): value
            for name, value in self.dsn.options.items()
            if name.startswith("labels.")
        }
        as_json = self.dsn.options.get("encoding.codec") == "json"
        streams: dict[tuple[str, str], list[list[str]]] = {}
        for line in lines:
            text = json.dumps(facts(self.app, line)) if as_json else line.text.decode(errors="replace")
            streams.setdefault((line.dyno, line.stream), []).append([nanoseconds(line.at), text])
        rows: list[dict[str, Any]] = [
            {"stream": {"app": self.app, "process": dyno, "stream": stream, **own}, "values": values}
            for (dyno, stream), values in streams.items()
        ]
        return json.dumps({"streams": rows}).encode()


class Syslog(Sink):
    """RFC 5424 over TCP, with TLS by RFC 5425; each message with its length before it."""

    connection: socket.socket | None = None

    def send(self, lines: Sequence[Line]) -> None:
        try:
            if self.connection is not None and select.select([self.connection], [], [], 0)[0]:
                self.close()  # a receiver of syslog never sends anything, so it has closed the connection
            if self.connection is None:
                self.connection = self.connected()
            self.connection.sendall(b"".join(message(self.app, line) for line in lines))
        except BaseException:
            self.close()
            raise

    def connected(self) -> socket.socket:
        place = address_of(self.dsn.options["address"])
        plain = self.guard_of().connect(place, SECONDS)
        if not self.dsn.is_on("tls.enabled", True):
            return plain
        try:
            return self.tls().wrap_socket(plain, server_hostname=place[0])
        except BaseException:
            plain.close()
            raise

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class File(Sink):
    """Lines at the end of a file, which is opened for each batch, so that it may be rotated."""

    def send(self, lines: Sequence[Line]) -> None:
        as_json = self.dsn.options.get("encoding.codec") == "json"
        rows = [
            json.dumps(facts(self.app, line)).encode()
            if as_json
            else f"{line.at} {self.app}[{line.dyno}]: ".encode() + line.text
            for line in lines
        ]
        path = self.dsn.options["path"]
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
        with open(fd, "ab") as file:
            file.write(b"\n".join(rows) + b"\n")


SINKS: dict[str, type[Sink]] = {"http": Http, "loki": Loki, "syslog": Syslog, "file": File}


def facts(app: str, line: Line) -> dict[str, str]:
    return {
        "timestamp": line.at,
        "app": app,
        "process": line.dyno,
        "stream": line.stream,
        "message": line.text.decode(errors="replace"),
    }


def message(app: str, line: Line) -> bytes:
    """A message of RFC 5424, facility user, severity error for standard error, with its length (RFC 6587, section 3.4.1)."""
    priority = 11 if line.stream == "stderr" else 14
    at = f"{line.at[:26]}Z" if line.at else "-"
    head = f"<{priority}>1 {at} {socket.gethostname()[:255] or '-'} {app[:48]} {line.dyno[:128]} - - "
    text = head.encode("ascii", "replace") + line.text
    return str(len(text)).encode() + b" " + text


def nanoseconds(at: str) -> str:
    from dokkupy_logs.lines import whole_seconds

    return f"{whole_seconds(at)}{at[20:29]}"
