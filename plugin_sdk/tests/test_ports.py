"""Ports for servers that a test starts."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from dokkupy_sdk.testing import ports
from dokkupy_sdk.testing.ports import free_port, is_free


def test_a_port_is_given_once_and_never_one_of_outgoing_connections() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    given = [free_port() for _ in range(50)]
    assert len(set(given)) == 50
    assert max(given) < min(lowest, 32000) or lowest < 10_000
    assert all(free_port(below=22000) < 22000 for _ in range(50))


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
def test_a_port_that_is_taken_is_not_given(kind: socket.SocketKind, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(type=kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        taken, free = other.getsockname()[1], free_port()
        assert not is_free(taken, kind)
        monkeypatch.setattr(ports, "GIVEN", set())
        offered = iter((taken, free))
        monkeypatch.setattr(ports.random, "randrange", lambda *_: next(offered))
        assert free_port() == free
