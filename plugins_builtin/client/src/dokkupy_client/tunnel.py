"""`dokku tunnel NAME`: a port of this machine, forwarded to a service.

The host forwards no ports for keys. It has a command instead, `postgres:tunnel`, that carries one connection on its standard
input and output, after it checked the key's permission. Each connection to the port here is the standard input and output of
an ssh of its own.
"""

from __future__ import annotations

import os
import signal
import socket
import sys

from dokkupy_client import ssh
from dokkupy_client.faults import Fault
from dokkupy_client.programs import captured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from dokkupy_client.remotes import Target

LOOPBACK = "127.0.0.1"
USAGE = (
    "Usage: dokku tunnel [KIND:]NAME [--listen PORT] [--port PORT], such as: dokku tunnel postgres:db --listen 15432"
)


def tunnel(target: Target, words: Sequence[str]) -> int:
    name, listen, inner = read(words)
    kind, name = service_of(target, name)
    port = listen or inner or port_of(target, kind, name)
    remote = ["--port", str(inner)] if inner else []
    argv = ssh.command(target, [f"{kind}:tunnel", name, *remote])
    with bound(port, is_wanted=bool(listen)) as server:
        port = server.getsockname()[1]
        print(f"-----> Forwarding {LOOPBACK}:{port} to {kind}:{name} on {target.host}, until Ctrl-C", flush=True)
        print(f"       Its user and password: dokku {kind}:info {name} --dsn", flush=True)
        # A child that nobody waits for is removed by the system.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        try:
            while True:
                carry(server, argv)
        except KeyboardInterrupt:
            return 0


def carry(server: socket.socket, argv: list[str]) -> None:
    """Hand the next connection to an ssh."""
    connection, _ = server.accept()
    with connection:
        number = connection.fileno()
        actions = [(os.POSIX_SPAWN_DUP2, number, 0), (os.POSIX_SPAWN_DUP2, number, 1)]
        os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)


def bound(port: int, *, is_wanted: bool) -> socket.socket:
    """A listening socket of the loopback interface, on the port. If it is taken: on any free one, or, is_wanted, a Fault."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind((LOOPBACK, port))
    except OSError as error:
        if is_wanted:
            server.close()
            raise Fault(
                f"The port {port} of this machine cannot be used: {error.strerror}",
                "Choose another, or leave out --listen.",
            ) from None
        server.bind((LOOPBACK, 0))
    server.listen()
    return server


def read(words: Sequence[str]) -> tuple[str, int, int]:
    names: list[str] = []
    ports = {"--listen": 0, "--port": 0}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        flag, equals, value = word.partition("=")
        if flag in ports:
            text = value if equals else rest.pop(0) if rest else ""
            if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65_536):
                raise Fault(f"{flag} takes a port", USAGE)
            ports[flag] = int(text)
        elif word.startswith("-"):
            raise Fault(f"tunnel has no flag {word[:60]}", USAGE)
        else:
            names.append(word)
    if len(names) != 1:
        raise Fault("tunnel takes the name of one service", USAGE)
    return names[0], ports["--listen"], ports["--port"]


def service_of(target: Target, name: str) -> tuple[str, str]:
    """(kind, name) of `postgres:db` or `db`."""
    kind, colon, own = name.partition(":")
    if colon:
        return kind, own
    known = [row["service"] for row in answer(target, ["services:list", "--format", "json"])]
    found = [one for one in known if one.partition(":")[2] == name]
    if len(found) != 1:
        what = "Several services are" if found else "You have no service that is"
        raise Fault(
            f"{what} called {name}", f"The services that your key may see: {', '.join(found or known) or 'none'}."
        )
    kind, _, own = found[0].partition(":")
    return kind, own


def port_of(target: Target, kind: str, name: str) -> int:
    """The port of the server, from the URL that the host shows without its password."""
    found = answer(target, [f"{kind}:info", name, "--format", "json"])
    port = str(found["dsn"]).partition("://")[2].partition("/")[0].rpartition(":")[2]
    return int(port) if port.isascii() and port.isdigit() else 0


def answer(target: Target, words: Sequence[str]) -> Any:
    import json

    status, out, err = captured(ssh.command(target, words))
    if status != 0:
        try:  # an error in JSON
            found = json.loads(out)
            raise Fault(str(found["message"]), str(found["hint"]), status)
        except (ValueError, KeyError, TypeError):
            sys.stderr.write(err.decode("utf-8", "replace"))
            raise Fault(
                f"{target.host} refused: {ssh.line(words)}", "A tunnel takes a host of dokkupy.", status
            ) from None
    return json.loads(out)
