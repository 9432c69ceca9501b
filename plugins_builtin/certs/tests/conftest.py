"""A host of fakes with a deployed app, and certificates as authorities make them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dokkupy_apps.testing import deploy
from dokkupy_certs.self_signed import key_and_certificate
from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host

BLOG = AppName("blog")
TREE = {"Procfile": "web: serve\n"}


class Bench:
    """host: with the app `blog`, deployed, which answers to blog.example.com."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.host: Host = fake_host(path / "host", plugins=("certs",))
        self.host.store.write("global", "domains", data={"vhosts": ["example.com"]})
        deploy(self.host, "blog", TREE)

    def files(self, *names: str, days_ago: int = 0) -> tuple[str, str]:
        """Paths of a self-signed certificate and its key."""
        chain, key = key_and_certificate(names or ("blog.example.com",), datetime.now(UTC) - timedelta(days=days_ago))
        paths = self.path / "server.crt", self.path / "server.key"
        for path, content in zip(paths, (chain, key), strict=True):
            path.write_bytes(content)
        return str(paths[0]), str(paths[1])


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
