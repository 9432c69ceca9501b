"""A tunnel carries one connection to a service's port, both ways and to its end."""

from __future__ import annotations

import os
import socket
import threading

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, HostError, NotFound, UserError
from dokkupy_services.commands.parameters import found
from dokkupy_services.links import tunnel
from dokkupy_services.names import ServiceName

from plugins_builtin.services.tests.conftest import Ran

BIG = os.urandom(1_000_000)


def test_bytes_pass_both_ways_and_the_end_of_one_way_leaves_the_other_open() -> None:
    """A server that answers after it read everything, as after the half-close of a client."""
    near, far = socket.socketpair()
    source, typed = os.pipe()
    shown, sink = os.pipe()

    def serve() -> None:
        data = b"".join(iter(lambda: far.recv(65_536), b""))
        far.sendall(data[::-1])
        far.close()

    def type_in() -> None:
        with os.fdopen(typed, "wb") as file:
            file.write(BIG)

    def carry() -> None:
        tunnel.carry(near, source, sink)
        os.close(sink)

    threads = [threading.Thread(target=one) for one in (serve, type_in, carry)]
    for thread in threads:
        thread.start()
    with os.fdopen(shown, "rb") as file:
        assert file.read() == BIG[::-1]
    for thread in threads:
        thread.join()
    os.close(source)


def test_tunnel_ends_when_the_server_disconnects_although_the_input_is_open() -> None:
    near, far = socket.socketpair()
    source, typed = os.pipe()
    shown, sink = os.pipe()
    far.sendall(b"bye")
    far.close()
    tunnel.carry(near, source, sink)
    assert os.read(shown, 10) == b"bye"
    for descriptor in (typed, shown, sink):
        os.close(descriptor)


def test_tunnel_ends_when_the_reader_disconnects() -> None:
    near, far = socket.socketpair()
    source, typed = os.pipe()
    shown, sink = os.pipe()
    os.close(shown)
    far.sendall(b"anybody?")
    tunnel.carry(near, source, sink)
    for descriptor in (typed, sink):
        os.close(descriptor)


def test_an_unreachable_address_is_named(host: Host, run: object) -> None:  # noqa: F811
    assert callable(run)
    made: Ran = run("fake:create", "db")
    assert made[0] == 0
    store, name = found(host, "fake"), ServiceName("db")
    with pytest.raises(UserError, match="has no port 22"):
        tunnel.open_connection(host, store, name, 22)
    with pytest.raises(NotFound):
        tunnel.open_connection(host, store, ServiceName("nope"))
    run("fake:stop", "db")
    with pytest.raises(Conflict, match="is not running"):
        tunnel.open_connection(host, store, name)


def test_a_server_that_does_not_accept_is_named(host: Host, run: object, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    assert callable(run)
    run("fake:create", "db")

    def refused(place: tuple[str, int], timeout: float) -> socket.socket:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", refused)
    with pytest.raises(HostError, match="does not accept connections: Connection refused") as caught:
        tunnel.open_connection(host, found(host, "fake"), ServiceName("db"))
    assert "fake:logs db" in caught.value.hint


def test_error_on_a_terminal_has_the_command_for_the_user_s_machine(
    host: Host, run: object, monkeypatch: pytest.MonkeyPatch
) -> None:  # noqa: F811
    assert callable(run)
    run("fake:create", "db")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    status, _, err = run("fake:tunnel", "db")
    assert status == 1
    assert "socat TCP-LISTEN:" in err
    assert "ssh dokku@HOST fake:tunnel db" in err
