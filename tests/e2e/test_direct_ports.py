"""A line protocol over TCP, like mail, and a game server over UDP: clients reach them, deploys switch them, and both
can be removed."""

from __future__ import annotations

import contextlib
import socket

from apps import Repository
from bed.engine import SOON
from bed.host import Host

SERVER = '''
"""A line protocol on PORT, which greets first, and datagrams on 7000: each answer says which release gave it."""
import os, signal, socket, socketserver, sys, threading

GREETING = "one"

class Mail(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(f"220 {GREETING}\\n".encode())
        for line in self.rfile:
            self.wfile.write(f"250 {GREETING} ".encode() + line)

class Game(socketserver.BaseRequestHandler):
    def handle(self):
        data, answer = self.request
        answer.sendto(f"{GREETING} ".encode() + data, self.client_address)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
threading.Thread(target=socketserver.UDPServer(("0.0.0.0", 7000), Game).serve_forever, daemon=True).start()
Server(("0.0.0.0", int(os.environ["PORT"])), Mail).serve_forever()
'''


class Client:
    """A connection from outside to a TCP port of the host."""

    def __init__(self, host: Host, port: int) -> None:
        self.socket = socket.create_connection((host.ip, port), timeout=SOON)
        self.lines = self.socket.makefile("rb")

    def read(self) -> str:
        return self.lines.readline().decode().strip()

    def say(self, line: str) -> str:
        self.socket.sendall(f"{line}\n".encode())
        return self.read()

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


def asked(host: Host, port: int, text: str, tries: int = 20) -> str:
    """The answer to a datagram; empty if none arrives."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(3)
        for _ in range(tries):
            try:
                client.sendto(text.encode(), (host.ip, port))
                return client.recv(2048).decode()
            except OSError:
                continue
    return ""


def test_tcp_and_udp_ports_are_served_switched_without_losing_a_connection_and_removed(
    host: Host, app: str, repository: Repository
) -> None:
    repository.write("web.py", SERVER)
    repository.write("app.json", "{}")
    repository.write("Procfile", "web: python3 web.py\n")
    repository.commit("mail and game")
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "ports:set", app, "tcp:2525:5000", "udp:7007:7000"])
    host.git_push(repository.path, app)
    with contextlib.closing(Client(host, 2525)) as old:
        assert old.read() == "220 one"
        assert asked(host, 7007, "move") == "one move"
        repository.greet("two")
        host.git_push(repository.path, app)
        with contextlib.closing(Client(host, 2525)) as new:
            assert new.read() == "220 two"
        assert old.say("DATA") == "250 one DATA"  # the old instance waits for this connection
        assert asked(host, 7007, "move") == "two move"
    clash = host.exec(["dokkupy", "ports:add", f"{app}", "tcp:22:5000"], check=False)
    assert clash.code == 1 and "reserved" in clash.stderr
    host.exec(["dokkupy", "ports:remove", app, "udp:7007:7000"])
    assert asked(host, 7007, "move", tries=3) == ""
    host.exec(["dokkupy", "releases:rollback", app])
    with contextlib.closing(Client(host, 2525)) as back:
        assert back.read() == "220 two"
    host.exec(["dokkupy", "apps:destroy", app, "--force"])
    with contextlib.suppress(OSError), contextlib.closing(Client(host, 2525)) as gone:
        assert gone.read() == ""
