"""A real nginx of the test's own: private prefix, free ports, started and stopped by its process id."""

from __future__ import annotations

import http.server
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from dokkupy_nginx.layout import Layout
from dokkupy_nginx.proxy import NginxProxy
from dokkupy_sdk import Host
from dokkupy_sdk.model import Port, Route, Upstream
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.testing.ports import free_port
from dokkupy_sdk.testing.processes import children, is_running

#: Another nginx, to run these tests with: NGINX_PROGRAM=/path/to/nginx
BINARY = (
    os.environ.get("NGINX_PROGRAM") or shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin") or "/usr/sbin/nginx"
)

STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"
"""Debian's; another nginx (NGINX_PROGRAM) has it built in."""

NGINX_CONF = """
{modules}
daemon on;
worker_processes 2;
pid {root}/run/nginx.pid;
error_log {root}/log/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {root}/run/body;
    proxy_temp_path {root}/run/proxy;
    fastcgi_temp_path {root}/run/fastcgi;
    uwsgi_temp_path {root}/run/uwsgi;
    scgi_temp_path {root}/run/scgi;
    include snippets/*.conf;
    include {root}/etc/conf.d/*.conf;
}}
include dokkupy.d/main/*.conf;
"""

MODULES = f"load_module {STREAM_MODULE};" if "NGINX_PROGRAM" not in os.environ else ""

CURVE = {"ec": ("-pkeyopt", "ec_paramgen_curve:prime256v1"), "rsa:2048": ()}


class Backend:
    """An app's instance: answers with its name, the request's path and headers."""

    def __init__(self, name: str) -> None:
        backend = self
        self.name = name
        self.requests: list[dict[str, str]] = []
        self.headers: list[tuple[str, str]] = []
        self.open: set[socket.socket] = set()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                backend.open.add(self.request)
                super().setup()

            def finish(self) -> None:
                super().finish()
                backend.open.discard(self.request)

            def do_GET(self) -> None:
                backend.requests.append({key.lower(): value for key, value in self.headers.items()})
                body = f"{backend.name} {self.path}".encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                for header in backend.headers:
                    self.send_header(*header)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_: object) -> None: ...

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=lambda: self.server.serve_forever(0.02), daemon=True).start()

    @property
    def upstream(self) -> Upstream:
        return Upstream("127.0.0.1", self.port)

    def close(self) -> None:
        """As when its process ends: the connections that nginx kept end, too."""
        self.server.shutdown()
        for connection in tuple(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server.server_close()


class CommandResult:
    def __init__(self, status: int, headers: dict[str, str], body: str, head: str = "") -> None:
        self.status, self.headers, self.body, self.head = status, headers, body, head

    def count(self, header: str) -> int:
        """How often the answer has a header."""
        return self.head.lower().count(f"\r\n{header.lower()}:")


class Rig:
    """The host under test: state directory, nginx, proxy adapter, backends."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("etc/conf.d", "etc/snippets", "run", "log", "state"):
            (root / name).mkdir(parents=True)
        root.chmod(0o755)
        (root / "etc/nginx.conf").write_text(NGINX_CONF.format(root=root, modules=MODULES))
        (root / "etc/snippets/x.conf").write_text("# the host's own\n")
        (root / "etc/conf.d/dokkupy.conf").write_text("include dokkupy.d/*.conf;\ninclude dokkupy.d/apps/*.conf;\n")
        self.layout = Layout(
            str(root / "state"),
            etc=str(root / "etc"),
            binary=BINARY,
            logs=str(root / "log"),
            http_port=free_port(),
            tls_port=free_port(),
            sudo=False,
        )
        os.symlink(self.layout.live, self.layout.link)
        self.host = Host(str(root / "state"))
        self.proxy = NginxProxy(self.host, self.layout)
        self.http = self.layout.http_port
        self.tls = self.layout.tls_port
        self.backends: list[Backend] = []
        self.keep: list[socket.socket] = []

    def backend(self, name: str) -> Backend:
        self.backends.append(Backend(name))
        return self.backends[-1]

    def start(self) -> None:
        subprocess.run(
            [BINARY, "-c", str(self.root / "etc/nginx.conf")],
            check=True,
            capture_output=True,
        )
        wait_for(lambda: self.pid is not None)

    @property
    def pid(self) -> int | None:
        return self.proxy.nginx.pid()

    def stop(self) -> None:
        """End nginx at once, workers too: what a power cut leaves."""
        pid = self.pid
        if pid is not None:
            processes = (pid, *children(pid))
            for process in processes:
                with suppress(ProcessLookupError):  # a worker of the configuration before ends by itself
                    os.kill(process, signal.SIGKILL)
            wait_for(lambda: not any(map(is_running, processes)))

    def close(self) -> None:
        self.stop()
        for backend in self.backends:
            backend.close()
        for held in self.keep:
            held.close()

    def route(self, app: str, *domains: str, **fields: object) -> Route:
        values: dict[str, object] = {
            "domains": tuple(Domain(domain) for domain in domains),
            "ports": (Port("http", self.http, 5000),),
        }
        values.update(fields)
        return Route(AppName(app), **values)  # type: ignore[arg-type]

    def serve(self, app: str, domain: str, **fields: object) -> Backend:
        """Apply a route of an app with one backend."""
        backend = self.backend(app)
        self.proxy.apply([self.route(app, domain, upstreams={5000: (backend.upstream,)}, **fields)])
        return backend

    def get(
        self,
        name: str,
        path: str = "/",
        *,
        port: int = 0,
        tls: bool = False,
        headers: dict[str, str] | None = None,
        sni: str | None = None,
        method: str = "GET",
    ) -> CommandResult:
        """One request on one connection. Status 0: closed without an answer. sni: the name in the handshake."""
        try:
            connection: socket.socket = socket.create_connection(
                ("127.0.0.1", port or (self.tls if tls else self.http)), 60
            )
            if tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
                connection = context.wrap_socket(connection, server_hostname=(name if sni is None else sni) or None)
            with connection:
                lines = [f"{method} {path} HTTP/1.1", f"Host: {name}", "Connection: close"]
                lines += [f"{key}: {value}" for key, value in (headers or {}).items()]
                connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
                data = b""
                while chunk := connection.recv(65536):
                    data += chunk
        except (ssl.SSLError, ConnectionError):
            return CommandResult(0, {}, "")
        if not data:
            return CommandResult(0, {}, "")
        head, _, body = data.decode().partition("\r\n\r\n")
        first, *rest = head.split("\r\n")
        fields = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in rest}
        return CommandResult(int(first.split()[1]), fields, body, head)

    def certificate(self, *names: str, algorithm: str = "ec") -> tuple[str, str]:
        directory = self.root / "tls" / names[0]
        directory.mkdir(parents=True, exist_ok=True)
        chain, key = directory / "server.crt", directory / "server.key"
        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                algorithm,
                *CURVE[algorithm],
                "-nodes",
                "-days",
                "2",
                "-subj",
                f"/CN={names[0]}",
                "-addext",
                "subjectAltName=" + ",".join(f"DNS:{n}" for n in names),
                "-keyout",
                str(key),
                "-out",
                str(chain),
            ],
            check=True,
            capture_output=True,
        )
        return str(chain), str(key)


def served(rig: Rig, name: str) -> bytes:
    """The certificate for a name, in DER."""
    # The default context reads the authorities of the system, which takes 40 ms each time.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", rig.tls), 60) as raw,
        context.wrap_socket(raw, server_hostname=name) as tls,
    ):
        return tls.getpeercert(binary_form=True) or b""


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@pytest.fixture
def cold(tmp_path: Path) -> Iterator[Rig]:
    """The host with nginx not started."""
    rig = Rig(tmp_path)
    try:
        yield rig
    finally:
        rig.close()


@pytest.fixture
def rig(cold: Rig) -> Rig:
    """The host with nginx running on the initial tree."""
    cold.proxy.ensure_tree()
    cold.start()
    return cold


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that nginx's workers can reach; those of pytest are private."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        os.chmod(directory, 0o755)
        yield Path(directory)
