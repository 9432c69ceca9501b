"""Ports for servers that a test starts."""

from __future__ import annotations

import random
import socket

GIVEN: set[int] = set()
"""So that no two servers of a process get the same."""


def free_port(*, below: int = 32000) -> int:
    """A port of loopback on which nothing listens, by TCP and by UDP. It is below the range from which the kernel takes
    those of outgoing connections, because one of these could otherwise have it when the server starts."""
    for _ in range(10_000):
        port = random.randrange(10_000, below)
        if port not in GIVEN and is_free(port, socket.SOCK_STREAM) and is_free(port, socket.SOCK_DGRAM):
            GIVEN.add(port)
            return port
    raise AssertionError("no free port")


def is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(type=kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # old connections of a server are no server
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True
