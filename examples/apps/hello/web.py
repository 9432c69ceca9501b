"""Answers with a greeting; finishes what it has begun when it is asked to stop."""

from __future__ import annotations

import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GREETING = os.environ.get("GREETING", "Hello from dokkupy!")


class Greeter(BaseHTTPRequestHandler):
    """Serves `/` and `/health`."""

    protocol_version = "HTTP/1.1"
    # A keep-alive connection that is silent for so long is closed, so that it cannot hold up the end without limit.
    timeout = 20

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/":
            self.answer(200, f"{GREETING}\n")
        elif path == "/health":
            self.answer(200, "ok\n")
        else:
            self.answer(404, "There is nothing here.\n")

    do_HEAD = do_GET

    def answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    # Closing the server waits for the requests in its threads.
    daemon_threads = False


def main() -> None:
    port = int(os.environ.get("PORT", "5000"))
    # All addresses, which here are those of the container.
    server = Server(("0.0.0.0", port), Greeter)

    def stop(signum: int, frame: object) -> None:
        # shutdown() waits for the loop that this handler interrupted, so it needs a thread of its own.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"web listens on port {port}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    print("web has finished", flush=True)


if __name__ == "__main__":
    main()
