"""Ten apps and some clients misbehave at once, each in its own way. An eleventh app still answers every request, and
every command works."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from apps import Repository
from bed.host import Host
from test_no_request_lost import SLOW, constant_load

SECONDS = 12
"""How long they misbehave, in seconds."""

SLOW_CONNECTIONS = 200

BAD = """
import http.server, os, subprocess, threading, time

MODE = os.environ.get("MODE", "")
BEGUN = "/tmp/begun"
SECONDS = 40

def answer():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/begin":
                open(BEGUN, "w").close()
            self.send_response(200)
            self.end_headers()
            self.wfile.write((MODE + "\\n").encode())
        def do_POST(self):
            left = int(self.headers["Content-Length"])
            while left > 0:
                left -= len(self.rfile.read(min(left, 1 << 16))) or left
            self.do_GET()
        def log_message(self, *words):
            pass
    http.server.ThreadingHTTPServer(("", 5000), Handler).serve_forever()

def later(work):
    def run():
        while not os.path.exists(BEGUN):
            time.sleep(0.1)
        until = time.time() + SECONDS
        while time.time() < until:
            try:
                work()
            except (OSError, RuntimeError, MemoryError):
                time.sleep(0.2)
    threading.Thread(target=run, daemon=True).start()

kept = []

def processes():
    kept.append(subprocess.Popen(["sleep", str(SECONDS)]))
    time.sleep(0.001)

def memory():
    kept.append(bytearray(os.urandom(1 << 12)) * 4096)
    time.sleep(0.1)

def disk():
    with open("/tmp/file", "ab") as file:
        file.write(bytes(1 << 20))
        if file.tell() > 300 << 20:
            file.truncate(0)
    time.sleep(0.02)

def logs():
    for _ in range(200):
        os.write(1, b"x" * 1000 + b"\\n")
    time.sleep(0.01)

def files():
    for _ in range(100):
        kept.append(open("/etc/passwd"))
    time.sleep(0.005)

def crashes():
    os._exit(3)

WORK = {"processes": processes, "memory": memory, "disk": disk, "logs": logs, "files": files, "crashes": crashes}
if MODE in WORK:
    later(WORK[MODE])
if MODE == "late":
    time.sleep(3)
answer()
"""
MODES = ("processes", "memory", "disk", "logs", "files", "crashes", "late", "uploads", "slow-clients", "headers")
DOCKERFILE = 'FROM python:3.13-slim\nCOPY bad.py /bad.py\nCMD ["python3", "-u", "/bad.py"]\n'


def name_of(mode: str) -> str:
    return f"bad-{mode}"


@contextmanager
def bad_clients(host: Host) -> Iterator[None]:
    """Until the end of the block: a large upload, connections that send single bytes slowly, and requests with too many
    headers."""
    stopping = threading.Event()

    def connect(mode: str) -> socket.socket:
        client = socket.create_connection((host.ip, 80), timeout=5)
        client.sendall(f"POST / HTTP/1.1\r\nHost: {name_of(mode)}.example.com\r\n".encode())
        return client

    def upload() -> None:
        while not stopping.is_set():
            try:
                with connect("uploads") as client:
                    client.sendall(f"Content-Length: {10 << 30}\r\n\r\n".encode())
                    while not stopping.is_set():
                        client.sendall(bytes(1 << 16))
            except OSError:
                stopping.wait(0.2)

    def dawdle() -> None:
        clients: list[socket.socket] = []
        while not stopping.is_set():
            try:
                if len(clients) < SLOW_CONNECTIONS:
                    clients.append(connect("slow-clients"))
                for client in clients[::20]:
                    client.sendall(b"X")
            except OSError:
                clients = [client for client in clients if client.fileno() != -1][:-1]
            stopping.wait(0.01)
        for client in clients:
            client.close()

    def flood() -> None:
        while not stopping.is_set():
            try:
                with connect("headers") as client:
                    for number in range(2000):
                        client.sendall(f"X-{number}: {'y' * 1000}\r\n".encode())
            except OSError:
                stopping.wait(0.1)

    threads = [threading.Thread(target=one) for one in (upload, dawdle, flood)]
    for one in threads:
        one.start()
    try:
        yield
    finally:
        stopping.set()
        for one in threads:
            one.join()


def test_ten_misbehaving_apps_affect_neither_requests_of_another_app_nor_commands(
    host: Host, app: str, repository: Repository
) -> None:
    repository.replace("web.py", '        elif path == "/health":\n', SLOW)
    repository.commit("answers slowly when asked to")
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "domains:set", app, f"{app}.example.com"])
    host.git_push(repository.path, app)
    host.copy_in(DOCKERFILE.encode(), "/tmp/bad/Dockerfile")
    host.copy_in(BAD.encode(), "/tmp/bad/bad.py")
    host.exec(["docker", "build", "-q", "-t", "bad:1", "/tmp/bad"])
    try:
        misbehave(host, app)
    finally:
        for mode in MODES:
            host.exec(["dokkupy", "--force", "apps:destroy", name_of(mode)], check=False)
        host.exec(["docker", "image", "rm", "-f", "bad:1"], check=False)


def misbehave(host: Host, app: str) -> None:
    for mode in MODES:
        name = name_of(mode)
        host.exec(["dokkupy", "apps:create", name])
        host.exec(["dokkupy", "domains:set", name, f"{name}.example.com"])
        host.exec(["dokkupy", "config:set", "--no-restart", name, f"MODE={mode}"])
        if mode == "memory":
            host.exec(["dokkupy", "resource:limit", "--memory", "100m", name])
        host.exec(["dokkupy", "git:from-image", name, "bad:1"])
    with constant_load(host, f"{app}.example.com") as report, bad_clients(host):
        for mode in MODES:
            assert host.http_get(f"{name_of(mode)}.example.com", "/begin").status == 200
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for command in (
                ["apps:list"],
                ["ps:report", "--all"],
                ["logs", name_of("logs"), "--num", "5"],
                ["config:set", app, f"AT={time.monotonic()}"],
                ["doctor"],
                ["tick"],
            ):
                ran = host.exec(["dokkupy", *command], check=command[0] not in ("doctor",))
                assert ran.code in (0, 1) and "Traceback" not in ran.stderr, (command, ran.stderr)
    assert report.get("failed", 0) == 0, report["failures"]
    assert report["requests"] > 0 and report["slow"] > 0
