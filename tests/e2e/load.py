"""A constant load by a separate process: `load.py ADDRESS HOSTNAME [CA]` runs until SIGTERM, then prints a report as
JSON. With the file of an authority, the load is over TLS and clients trust only that authority.

There are clients with keep-alive, clients that connect again for each request, and a few whose requests take five
seconds. Every answer must be a 200 with the complete body. If the server closes a reused connection before any byte of
an answer, the request is sent once more on a new one, as RFC 9112 section 9.3.1 describes. These requests are counted
and reported.
"""

from __future__ import annotations

import http.client
import json
import signal
import ssl
import sys
import threading
import time
from collections import Counter
from typing import Final

#: 6 clients of each kind with 10 requests a second: at most 120 requests a second. The requirement is 50.
CLIENTS: Final = 6
PAUSE: Final = 0.1
SLOW_CLIENTS: Final = 3
TIMEOUT: Final = 30.0
GONE: Final = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class Load:
    """The clients, and the results of their requests."""

    def __init__(self, address: str, hostname: str, authority: str = "") -> None:
        self.address = address
        self.context = ssl.create_default_context(cafile=authority) if authority else None
        self.hostname = hostname
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []

    def run(self) -> None:
        """Load the host until stopped. Requests in flight are then finished and counted."""
        started = time.monotonic()
        kinds = [(True, "/")] * CLIENTS + [(False, "/")] * CLIENTS + [(False, "/slow")] * SLOW_CLIENTS
        clients = [threading.Thread(target=self._client, args=kind) for kind in kinds]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        seconds = time.monotonic() - started
        rate = self.counts["requests"] / seconds
        print(json.dumps({**self.counts, "seconds": seconds, "rate": rate, "failures": self.failures[:20]}))

    def _client(self, keep_alive: bool, path: str) -> None:
        connection = self._connection()
        reused = False
        while not self.stopping.is_set():
            try:
                self._ask(connection, path, keep_alive)
            except GONE as reason:
                connection.close()
                if reused:
                    self._count("resent")
                    connection = self._connection()
                    self._ask_once(connection, path, keep_alive)
                else:
                    self._fail(path, reason)
                    connection = self._connection()
            except (OSError, http.client.HTTPException, AssertionError) as reason:
                self._fail(path, reason)
                connection.close()
                connection = self._connection()
            reused = keep_alive and connection.sock is not None
            if not keep_alive:
                connection.close()
            self.stopping.wait(PAUSE)
        connection.close()

    def _ask_once(self, connection: http.client.HTTPConnection, path: str, keep_alive: bool) -> None:
        try:
            self._ask(connection, path, keep_alive)
        except (OSError, http.client.HTTPException, AssertionError) as reason:
            self._fail(path, reason)
            connection.close()

    def _ask(self, connection: http.client.HTTPConnection, path: str, keep_alive: bool) -> None:
        headers = {"Host": self.hostname, "Connection": "keep-alive" if keep_alive else "close"}
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        # raises IncompleteRead for a body that is shorter than its Content-Length
        body = response.read()
        assert response.status == 200, f"status {response.status}: {body[:200]!r}"
        assert body.endswith(b"\n"), f"truncated: {body[-40:]!r}"
        self._count("requests")
        self._count("slow" if path == "/slow" else "kept alive" if keep_alive else "again")

    def _connection(self) -> http.client.HTTPConnection:
        if self.context is None:
            return http.client.HTTPConnection(self.address, 80, timeout=TIMEOUT)
        return SecureConnection(self.address, self.hostname, self.context)

    def _count(self, what: str) -> None:
        with self.lock:
            self.counts[what] += 1

    def _fail(self, path: str, reason: Exception) -> None:
        with self.lock:
            self.counts["failed"] += 1
            self.failures.append(f"{time.strftime('%H:%M:%S')} {path}: {type(reason).__name__}: {reason}")


class SecureConnection(http.client.HTTPConnection):
    """HTTPS to an address, with a name that is not in the DNS."""

    def __init__(self, address: str, hostname: str, context: ssl.SSLContext) -> None:
        super().__init__(address, 443, timeout=TIMEOUT)
        self.hostname = hostname
        self.context = context

    def connect(self) -> None:
        super().connect()
        self.sock = self.context.wrap_socket(self.sock, server_hostname=self.hostname)


def main() -> None:
    load = Load(*sys.argv[1:4])
    signal.signal(signal.SIGTERM, lambda signum, frame: load.stopping.set())
    load.run()


if __name__ == "__main__":
    main()
