"""Services of every kind on the outer engine, driven by the command line; each host is a state directory of its own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "plugins_builtin" / "backups" / "tests")]

from dokkupy_sdk import Host  # noqa: E402
from dokkupy_sdk.entry import main  # noqa: E402
from dokkupy_sdk.testing import fake_host  # noqa: E402
from dokkupy_services import records  # noqa: E402
from dokkupy_services.lifecycle import container, trash  # noqa: E402

PLUGINS = (
    "docker",
    "services",
    "backups",
    "postgres",
    "mysql",
    "mariadb",
    "redis",
    "mongo",
    "memcached",
    "rabbitmq",
    "valkey",
    "nats",
    "clickhouse",
    "elasticsearch",
    "couchdb",
    "meilisearch",
    "typesense",
    "storage",
)


class Machine:
    """A host that is driven by its command line, in this process."""

    def __init__(self, root: Path, capfd: pytest.CaptureFixture[str]) -> None:
        root.mkdir()
        self.host: Host = fake_host(root, plugins=PLUGINS, real=("engine", "scheduler"))
        self.capfd = capfd

    def run(self, *words: str, status: int = 0) -> str:
        self.capfd.readouterr()
        got = main(list(words), host=self.host)
        out, err = self.capfd.readouterr()
        assert got == status, (words, got, out, err)
        return out + err

    def json(self, *words: str, status: int = 0) -> Any:
        self.capfd.readouterr()
        got = main([*words, "--format", "json"], host=self.host)
        out, err = self.capfd.readouterr()
        assert got == status, (words, got, out, err)
        return json.loads(out)

    def clear(self) -> None:
        for service in [*records.services(self.host), *(one for one, _ in trash.entries(self.host))]:
            container.remove_everything(self.host, identifier=service.id)


@pytest.fixture
def machines(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[tuple[Machine, Machine]]:
    """Two hosts that know nothing of each other."""
    os.umask(0o022)
    found = Machine(tmp_path / "first", capfd), Machine(tmp_path / "second", capfd)
    yield found
    for one in found:
        one.clear()
