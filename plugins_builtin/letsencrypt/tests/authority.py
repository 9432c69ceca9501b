"""Pebble, a real ACME authority, with its DNS server. https://github.com/letsencrypt/pebble"""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from dokkupy_certs.self_signed import key_and_certificate
from dokkupy_sdk.testing.ports import free_port


class Pebble:
    """It refuses nonces now and then, as real authorities do, and like Let's Encrypt does not look again at a name that it saw:
    a test that requires a challenge adds a name. With PEBBLE_AUTHZREUSE=0 it would look again at 99 of 100, by chance."""

    def __init__(self, root: Path, **config: object) -> None:
        self.root = root
        self.port, self.management, self.http, self.dns, self.dns_management = (free_port() for _ in range(5))
        chain, key = key_and_certificate(["localhost"])
        self.bundle = str(root / "pebble.crt")
        (root / "pebble.crt").write_bytes(chain)
        (root / "pebble.key").write_bytes(key)
        self.config = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self.management}",
            "certificate": self.bundle,
            "privateKey": str(root / "pebble.key"),
            "httpPort": self.http,
            "tlsPort": 1,
            **config,
        }
        self.write()
        self.processes: list[subprocess.Popen[bytes]] = []

    def write(self) -> None:
        (self.root / "pebble.json").write_text(json.dumps({"pebble": self.config}))

    @property
    def directory(self) -> str:
        return f"https://localhost:{self.port}/dir"

    def start(self) -> None:
        log = (self.root / "log").open("ab")
        quiet = {"stdout": log, "stderr": log, "stdin": subprocess.DEVNULL}
        words = [
            "pebble-challtestsrv",
            "-defaultIPv4",
            "127.0.0.1",
            "-defaultIPv6",
            "",
            "-dns01",
            f"127.0.0.1:{self.dns}",
            "-http01",
            "",
            "-https01",
            "",
            "-tlsalpn01",
            "",
            "-management",
            f"127.0.0.1:{self.dns_management}",
        ]
        self.processes = [
            subprocess.Popen(words, **quiet),  # type: ignore[call-overload]
            subprocess.Popen(
                ["pebble", "-config", str(self.root / "pebble.json"), "-dnsserver", f"127.0.0.1:{self.dns}"],
                # It would refuse one nonce in twenty, by chance, and certbot would send that request twice.
                env={**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "100", "PEBBLE_WFE_NONCEREJECT": "0"},
                **quiet,  # type: ignore[call-overload]
            ),
        ]
        wait_for(self.answers)

    def answers(self) -> bool:
        try:
            return bool(self.get("dir", self.port))
        except OSError:
            return False

    def get(self, path: str, port: int) -> bytes:
        context = ssl.create_default_context(cafile=self.bundle)
        with urllib.request.urlopen(f"https://localhost:{port}/{path}", context=context, timeout=60) as answer:
            return bytes(answer.read())

    def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(60)
        self.processes = []


def wait_for(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
