"""`POST /` adds a line of text, `GET /` lists them; `/health` answers without a datastore."""

from __future__ import annotations

import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from stores import open_store

VARIABLES = ("DATABASE_URL", "REDIS_URL", "MONGO_URL", "RABBITMQ_URL", "MEMCACHED_URL", "VALKEY_URL")


class Notes(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/health":
            self.answer(200, "ok")
        else:
            self.with_store(lambda store: "\n".join(store.all()))

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self.with_store(lambda store: store.add(text))

    def with_store(self, work) -> None:
        """A connection for each request: what is shown is what the datastore has, not what a pool remembers."""
        asked = parse_qs(urlsplit(self.path).query).get("in", VARIABLES)
        url = next((os.environ[name] for name in asked if name in os.environ), "")
        if not url:
            self.answer(503, "no datastore is linked")
            return
        try:
            self.answer(200, work(open_store(url)) or "")
        except Exception as error:
            self.answer(500, type(error).__name__)

    def answer(self, status: int, text: str) -> None:
        body = (text + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("0.0.0.0", int(os.environ.get("PORT", "5000"))), Notes)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.1)
