"""The common parts of stand-ins for servers without a package: JSON over HTTP, content in files.

    class Engine(Handler):
        port = 7700
        def answer(self, method, path, query, body): ...      # (status, JSON or bytes)

Content is written to a new file, which is then renamed. A copy of the files is therefore complete at any moment.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

LOCK = threading.RLock()


class Lines(list):
    """An answer with one JSON value on each line."""


class Refused(Exception):
    """(status, answer)"""


class Content:
    """A dictionary in a file. Call `save` after a change."""

    def __init__(self, path: str, new: dict) -> None:
        self.path = path
        try:
            with open(path) as file:
                self.all = json.load(file)
        except FileNotFoundError:
            self.all = new
            self.save()

    def save(self) -> None:
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(f"{self.path}.new", "w") as file:
            json.dump(self.all, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(f"{self.path}.new", self.path)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, method: str, path: list[str], query: dict[str, str], body: bytes) -> tuple[int, object]:
        raise NotImplementedError

    def handle_method(self) -> None:
        url = urlsplit(self.path)
        path = [unquote(part) for part in url.path.split("/") if part]
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            with LOCK:
                status, answer = self.answer(self.command, path, query, body)
        except Refused as refused:
            status, answer = refused.args
        rows = answer if isinstance(answer, Lines) else [answer]
        content = "\n".join(json.dumps(row) for row in rows).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_method

    def log_message(self, format: str, *words: object) -> None:
        print(self.command, urlsplit(self.path).path, *words[1:2], flush=True)


def options(known: tuple[str, ...]) -> dict[str, str]:
    """The options of the command line, `--name=value` or `--name value`. An unknown option ends the server, as with the
    real ones."""
    found, words = {}, sys.argv[1:]
    while words:
        name, equals, value = words.pop(0).removeprefix("--").partition("=")
        if name not in known:
            sys.exit(f"error: unexpected argument '--{name}' found")
        found[name] = value if equals else words.pop(0)
    return found


def serve(handler: type[Handler], address: str, port: int) -> None:
    server = ThreadingHTTPServer((address, port), handler)
    server.daemon_threads = True
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"listening on {address}:{port}", flush=True)
    server.serve_forever()
