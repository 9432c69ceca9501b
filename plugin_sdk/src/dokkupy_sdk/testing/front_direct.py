"""TCP and UDP ports before a FakeProxy: connections and datagrams go where the fake's routes lead at that moment."""

from __future__ import annotations

import contextlib
import select
import socket
import threading

from dokkupy_sdk.model import Upstream
from dokkupy_sdk.testing.fakes import FakeProxy


class DirectFront:
    """ports: where it listens on loopback, for TCP and for UDP, as long as the context lasts."""

    def __init__(self, proxy: FakeProxy) -> None:
        self.proxy = proxy

    def __enter__(self) -> DirectFront:
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.ports = int(self.tcp.getsockname()[1]), int(self.udp.getsockname()[1])
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=one, daemon=True) for one in (self.accept, self.receive)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        for thread in self.threads:
            thread.join()
        self.tcp.close()
        self.udp.close()

    def upstreams(self, scheme: str) -> tuple[Upstream, ...]:
        number = self.ports[scheme == "udp"]
        for route in self.proxy.serving().values():
            for port in route.ports:
                if (port.scheme, port.host) == (scheme, number):
                    return tuple(route.upstreams.get(port.container, ()))
        return ()

    def accept(self) -> None:
        while not self.ending.is_set():
            if select.select([self.tcp], [], [], 0.05)[0]:
                client, _ = self.tcp.accept()
                threading.Thread(target=self.join, args=(client,), daemon=True).start()

    def join(self, client: socket.socket) -> None:
        with client:
            for one in self.upstreams("tcp"):
                with contextlib.suppress(OSError), socket.create_connection((one.address, one.port), 5) as instance:
                    ends = {client: instance, instance: client}
                    while not self.ending.is_set():
                        for end in select.select([*ends], [], [], 0.05)[0]:
                            data = end.recv(65536)
                            if not data:
                                return
                            ends[end].sendall(data)
                    return

    def receive(self) -> None:
        """Each client has a socket of its own to its instance, as long as its instance serves."""
        clients: dict[tuple[str, int], tuple[Upstream, socket.socket]] = {}
        while not self.ending.is_set():
            sockets = {pair[1]: client for client, pair in clients.items()}
            for ready in select.select([self.udp, *sockets], [], [], 0.05)[0]:
                if ready is not self.udp:
                    with contextlib.suppress(OSError):
                        self.udp.sendto(ready.recv(65536), sockets[ready])
                    continue
                data, client = self.udp.recvfrom(65536)
                found = self.upstreams("udp")
                if client not in clients or clients[client][0] not in found:
                    if not found:
                        continue
                    to = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    to.connect((found[0].address, found[0].port))
                    clients[client] = found[0], to
                clients[client][1].send(data)
        for _, one in clients.values():
            one.close()
