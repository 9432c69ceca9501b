"""A real ACME authority (Pebble, with its DNS server) and a host of fakes whose challenges are served over HTTP."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from dokkupy_certs.make import key_and_certificate
from dokkupy_letsencrypt import reach
from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import FakeProxy, deploy, fake_host

BLOG = AppName("blog")
TREE = {"Procfile": "web: serve\n"}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Pebble:
    """https://github.com/letsencrypt/pebble: it refuses nonces now and then, as real authorities do."""

    def __init__(self, root: Path, **config: object) -> None:
        self.root = root
        self.port, self.management, self.http, self.dns, self.dns_management = (free_port() for _ in range(5))
        chain, key = key_and_certificate(["localhost"])
        self.bundle = str(root / "pebble.crt")
        (root / "pebble.crt").write_bytes(chain)
        (root / "pebble.key").write_bytes(key)
        self.config = {
            "listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{self.management}",
            "certificate": self.bundle, "privateKey": str(root / "pebble.key"), "httpPort": self.http, "tlsPort": 1,
            **config,
        }  # fmt: skip
        (root / "pebble.json").write_text(json.dumps({"pebble": self.config}))
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def directory(self) -> str:
        return f"https://localhost:{self.port}/dir"

    def start(self) -> None:
        log = (self.root / "log").open("ab")
        quiet = {"stdout": log, "stderr": log, "stdin": subprocess.DEVNULL}
        words = ["pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01",
                 f"127.0.0.1:{self.dns}", "-http01", "", "-https01", "", "-tlsalpn01", "", "-management",
                 f"127.0.0.1:{self.dns_management}"]  # fmt: skip
        self.processes = [
            subprocess.Popen(words, **quiet),  # type: ignore[call-overload]
            subprocess.Popen(
                ["pebble", "-config", str(self.root / "pebble.json"), "-dnsserver", f"127.0.0.1:{self.dns}"],
                env={**os.environ, "PEBBLE_VA_NOSLEEP": "1"}, **quiet,  # type: ignore[call-overload]
            ),
        ]  # fmt: skip
        wait_for(self.answers)

    def answers(self) -> bool:
        try:
            return bool(self.get("dir", self.port))
        except OSError:
            return False

    def get(self, path: str, port: int) -> bytes:
        context = ssl.create_default_context(cafile=self.bundle)
        with urllib.request.urlopen(f"https://localhost:{port}/{path}", context=context, timeout=10) as answer:
            return bytes(answer.read())

    def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(10)
        self.processes = []


def wait_for(true: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    pebble = Pebble(tmp_path_factory.mktemp("pebble"))
    pebble.start()
    yield pebble
    pebble.stop()


class Handler(http.server.SimpleHTTPRequestHandler):
    """What nginx does with the directory of challenges."""

    def translate_path(self, path: str) -> str:
        return super().translate_path("/" + path.removeprefix(reach.PATH))

    def log_message(self, *_: object) -> None: ...


class Bench:
    """host: with the app `blog`, deployed, which answers to blog.example.com, and Pebble as its authority."""

    def __init__(self, path: Path, authority: Pebble) -> None:
        self.authority = authority
        self.host: Host = fake_host(path / "host", plugins=("certs", "letsencrypt"))
        store = self.host.store
        store.write("global", "domains", data={"vhosts": ["example.com"]})
        properties = {"server": authority.directory, "ca-bundle": authority.bundle, "email": "me@example.com"}
        store.write("global", "letsencrypt", data={"properties": properties})
        deploy(self.host, "blog", TREE)
        handler = partial(Handler, directory=self.proxy.challenges())
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", authority.http), handler)
        threading.Thread(target=lambda: self.server.serve_forever(0.02), daemon=True).start()

    @property
    def proxy(self) -> FakeProxy:
        made = self.host.proxy()
        assert isinstance(made, FakeProxy)
        return made

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def bench(tmp_path: Path, authority: Pebble, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(tmp_path, authority)

    def ask(name: str, path: str) -> tuple[int, bytes]:
        """As a name of the example's own DNS would be asked."""
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", authority.http, timeout=5)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(256)

    monkeypatch.setattr(reach, "ask", ask)
    yield made
    made.close()
