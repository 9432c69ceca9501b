"""Real application servers behind the generated configuration, with clients whose pauses are about as long as nginx and
the server keep idle connections."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dokkupy_sdk.model import Upstream
from dokkupy_sdk.testing.ports import free_port

from plugins_builtin.nginx.tests.conftest import Rig

WSGI = """
import json, threading
seen, lock = {}, threading.Lock()
def app(environ, start):
    environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
    path = environ['PATH_INFO']
    with lock:
        if path == '/seen':
            body = json.dumps(seen).encode()
        else:
            key = environ['REQUEST_METHOD'] + ' ' + path
            seen[key] = seen.get(key, 0) + 1
            body = b'ok'
    start('200 OK', [('Content-Length', str(len(body)))])
    return [body]
"""
ASGI = """
import json
seen = {}
async def app(scope, receive, send):
    if scope['type'] != 'http':
        return
    while (await receive()).get('more_body'):
        pass
    if scope['path'] == '/seen':
        body = json.dumps(seen).encode()
    else:
        key = scope['method'] + ' ' + scope['path']
        seen[key] = seen.get(key, 0) + 1
        body = b'ok'
    await send({'type': 'http.response.start', 'status': 200, 'headers': [(b'content-length', str(len(body)).encode())]})
    await send({'type': 'http.response.body', 'body': body})
"""
METHODS = ("GET", "POST", "GET", "PUT", "HEAD", "POST")
BURST = (0,) * 6
"""Pauses."""


@dataclass
class Server:
    """idle: seconds for which it keeps an idle connection."""

    name: str
    idle: float
    argv: list[str]
    """`{port}` stands for the port, `{dir}` for the folder of the sources."""
    ports: list[int] = field(default_factory=list)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    upgrades: bool = False
    """Whether it echoes what comes by an upgraded connection."""
    echoes: Counter[str] = field(default_factory=Counter)

    def start(self, folder: Path) -> None:
        for port in (free_port(), free_port()):
            argv = [word.format(port=port, dir=folder) for word in self.argv]
            quiet = subprocess.DEVNULL
            self.processes.append(subprocess.Popen(argv, cwd=folder, stdout=quiet, stderr=quiet))
            self.ports.append(port)

    def wait(self) -> None:
        for port in self.ports:
            for _ in range(600):
                try:
                    with socket.create_connection(("127.0.0.1", port), 1):
                        break
                except OSError:
                    time.sleep(0.1)
            else:
                raise RuntimeError(f"{self.name} does not listen")

    def seen(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for port in self.ports:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/seen")
            found.update(json.loads(connection.getresponse().read()))
        return found

    def lost(self) -> int:
        return sum(count for status, count in self.statuses.items() if status != "200") + self.echoes["lost"]

    def twice(self) -> Counter[str]:
        """How many requests arrived more than once, by their method."""
        return Counter(key.partition(" ")[0] for key, count in self.seen().items() if count > 1)

    def stop(self) -> None:
        for one in self.processes:
            one.terminate()
            one.wait()


def client(rig: Rig, server: Server, name: str, number: int, end: float) -> None:
    """Requests with pauses, each path once. Each has its own connection to nginx, because a reload closes idle ones of
    clients, which is theirs to notice; what is asked here is what nginx does with its connections to the servers."""
    pauses = itertools.cycle((*BURST, 0.95, *BURST, 1.0, *BURST, 1.05, *BURST, max(server.idle - 0.03, 0) % 6, 0.99))
    for _ in range(number * 7):
        next(pauses)
    for turn in itertools.count():
        if time.monotonic() > end:
            return
        method = METHODS[turn % len(METHODS)]
        connection = http.client.HTTPConnection("127.0.0.1", rig.http, timeout=60)
        try:
            body = b"x" * 100 if method in ("POST", "PUT") else None
            connection.request(method, f"/{number}/{turn}", body, {"Host": name})
            answer = connection.getresponse()
            answer.read()
            server.statuses[str(answer.status)] += 1
        except (OSError, http.client.HTTPException) as error:
            server.statuses[type(error).__name__] += 1
        connection.close()
        time.sleep(next(pauses))


def socket_client(rig: Rig, server: Server, name: str, end: float) -> None:
    """An upgraded connection that outlives each switch and reload."""
    with socket.create_connection(("127.0.0.1", rig.http), 60) as connection:
        head = f"GET /ws HTTP/1.1\r\nHost: {name}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        connection.sendall(head.encode())
        assert b" 101 " in connection.recv(4096)
        while time.monotonic() < end:
            connection.sendall(b"ping")
            server.echoes["echoed" if connection.recv(4096) == b"ping" else "lost"] += 1
            time.sleep(0.1)


def drive(rig: Rig, servers: Sequence[Server], seconds: float) -> int:
    """Load for so long; in its second half the proxy is switched to the other instance of each and back, which reloads it.
    Returns how many switches there were."""
    names = [f"s{number}.example.com" for number, _ in enumerate(servers)]

    def switch(turn: int) -> None:
        rig.proxy.apply(
            [
                rig.route(name.partition(".")[0], name, upstreams={5000: (Upstream("127.0.0.1", one.ports[turn % 2]),)})
                for name, one in zip(names, servers, strict=True)
            ]
        )

    switch(0)
    begin = time.monotonic()
    end = begin + seconds
    threads = [
        threading.Thread(target=client, args=(rig, server, name, number, end))
        for server, name in zip(servers, names, strict=True)
        for number in range(8)
    ]
    threads += [
        threading.Thread(target=socket_client, args=(rig, server, name, end))
        for server, name in zip(servers, names, strict=True)
        if server.upgrades
    ]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 2)
    switches = 0
    while time.monotonic() < end:
        switches += 1
        switch(switches)
        time.sleep(1.3)
    for thread in threads:
        thread.join()
    return switches
