"""The two ends of a proxy: a client that sends requests to its ports, and instances that say what reached them."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import http.server
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dokkupy_sdk.model import Certificate, Port, Upstream
from dokkupy_sdk.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Response:
    """What a client got. status: 0 when the proxy closed the connection without an answer or refused the handshake.
    headers: with names in lower case. certificate: SHA-256 (hex) of the one that the proxy sent."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    certificate: str = ""

    @property
    def instance(self) -> int:
        """The port of the instance that answered; 0 when none did."""
        return int(self.headers.get("x-instance", "0"))

    @property
    def received(self) -> dict[str, Any]:
        """What that instance received: method, path, headers (names in lower case), body."""
        found: dict[str, Any] = json.loads(self.body)
        return found


def ask(
    port: Port,
    name: str,
    path: str = "/",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: str = "",
) -> Response:
    """Send one request for a name to a port of the proxy on loopback, with TLS where the port has it."""
    certificate = ""
    try:
        with contextlib.closing(http.client.HTTPConnection(name, port.host, timeout=60)) as connection:
            connection.sock = socket.create_connection(("127.0.0.1", port.host), timeout=60)
            if port.scheme == "https":
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                secured = context.wrap_socket(connection.sock, server_hostname=name)
                certificate = hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()
                connection.sock = secured
            connection.request(method, path, body.encode() or None, {"Host": name, **(headers or {})})
            answer = connection.getresponse()
            fields = {key.lower(): value for key, value in answer.getheaders()}
            return Response(answer.status, fields, answer.read().decode(), certificate)
    except (ssl.SSLError, ConnectionError, http.client.BadStatusLine):
        return Response(certificate=certificate)


@contextlib.contextmanager
def answering(status: int) -> Iterator[Upstream]:
    """An instance on loopback that answers every request with a status and with what it received; with 0 nobody listens."""

    class Handler(http.server.BaseHTTPRequestHandler):
        server: http.server.ThreadingHTTPServer

        def do_GET(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            seen = {key.lower(): value for key, value in self.headers.items()}
            received = {"method": self.command, "path": self.path, "headers": seen, "body": content}
            body = json.dumps(received).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Instance", str(self.server.server_address[1]))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_DELETE = do_GET

        def log_message(self, *_: object) -> None: ...

    if not status:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            yield Upstream(*bound.getsockname())
        return
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield Upstream("127.0.0.1", server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def self_signed(directory: Path, *names: str) -> Certificate:
    """A certificate for names and its key, in files of a directory."""
    stem = names[0].replace("*", "wildcard")
    chain, key = directory / f"{stem}.crt", directory / f"{stem}.key"
    alternatives = ",".join(f"DNS:{name}" for name in names)
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names_of = ["-days", "2", "-subj", f"/CN={names[0]}", "-addext", f"subjectAltName={alternatives}"]
    files = ["-keyout", str(key), "-out", str(chain)]
    subprocess.run([*request, *names_of, *files], check=True, capture_output=True)
    return Certificate(str(chain), str(key))


def fingerprint(certificate: Certificate) -> str:
    """SHA-256 (hex, of the DER form) of the first certificate of a chain."""
    leaf = Path(certificate.chain).read_text().partition("-----END CERTIFICATE-----")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert("".join(leaf[:2]))).hexdigest()
