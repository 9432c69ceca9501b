"""A small client of NATS, which connects to a service by its container's address
(https://docs.nats.io/reference/nats-protocol)."""

from __future__ import annotations

import json
import socket
from typing import Any, Self

from dokkupy_services.lifecycle import container
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.role import ServiceExec

INBOX = "_INBOX.test"


class Client:
    def __init__(self, inside: ServiceExec, *, password: str = "") -> None:
        assert isinstance(inside, Exec)
        found = inside.host.containers().find(inside.container)
        assert found is not None
        self.socket = socket.create_connection((found.addresses[container.network_of(inside.service)], 4222), 60)
        self.lines = self.socket.makefile("rb")
        login = {"verbose": False, "headers": True, "no_responders": True, "user": inside.service.user}
        login["pass"] = password or inside.service.password.reveal()
        self.lines.readline()  # INFO
        self.send(
            f"CONNECT {json.dumps(login)}\r\nSUB {INBOX} 1\r\nPING", None
        )  # in one write, because the server may disconnect after the first line
        self.last = self.lines.readline().decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, line: str, payload: bytes | None) -> None:
        self.socket.sendall(line.encode() + b"\r\n" + (payload + b"\r\n" if payload is not None else b""))

    def request(self, subject: str, payload: bytes) -> bytes | None:
        """The answer to a request. None if nobody serves the subject."""
        self.send(f"PUB {subject} {INBOX} {len(payload)}", payload)
        return self.message()[1]

    def message(self) -> tuple[str, bytes | None]:
        """(the reply subject, the content) of the next message."""
        while True:
            kind, *words = self.lines.readline().decode().split()
            if kind == "PING":
                self.send("PONG", None)
            if kind not in ("MSG", "HMSG"):
                assert kind != "-ERR", words
                continue
            reply = words[2] if len(words) == (4 if kind == "MSG" else 5) else ""
            content = self.lines.read(int(words[-1]) + 2)[:-2]
            if kind == "HMSG":
                head, content = content[: int(words[-2])], content[int(words[-2]) :]
                if b" 503" in head:
                    return reply, None
            return reply, content

    def api(self, call: str, **words: Any) -> dict[str, Any]:
        """https://docs.nats.io/reference/reference-protocols/nats_api_reference"""
        answer = self.request(f"$JS.API.{call}", json.dumps(words).encode() if words else b"")
        assert answer is not None, f"JetStream does not answer {call}"
        found: dict[str, Any] = json.loads(answer)
        assert "error" not in found, found
        return found

    def publish(self, subject: str, payload: bytes) -> None:
        """Publish a message and wait until the broker confirms that it stored it."""
        answer = self.request(subject, payload)
        assert answer is not None and b'"seq"' in answer

    def acknowledge_next(self, stream: str, consumer: str) -> None:
        self.send(f"PUB $JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer} {INBOX} 1", b"1")
        reply, _ = self.message()
        assert self.request(reply, b"+ACK") is not None
