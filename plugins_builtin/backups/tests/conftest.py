"""A real restic on real repositories; the subject is a fake."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from plugins_builtin.backups.tests.fake import fill, make_host  # noqa: E402
from plugins_builtin.backups.tests.restic_repository import KEY, make  # noqa: E402
from plugins_builtin.backups.tests.servers import S3  # noqa: E402


class World:
    """A host with one fake subject `rows:db`, driven by its command line."""

    def __init__(self, base: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.base = base
        self.capfd = capfd
        self.host, self.plugin = make_host(base)
        self.said: list[str] = []

    def run(self, *words: str, status: int = 0) -> str:
        """Run a command; returns what it said on both streams."""
        self.capfd.readouterr()
        got = main(list(words), host=self.host)
        out, err = self.capfd.readouterr()
        self.said += [out, err]
        assert got == status, (words, got, out, err)
        return out + err

    def json(self, *words: str, status: int = 0) -> Any:
        self.capfd.readouterr()
        got = main([*words, "--format", "json"], host=self.host)
        out, err = self.capfd.readouterr()
        self.said += [out, err]
        assert got == status, (words, got, out, err)
        return json.loads(out)

    def restic(self, *words: str, name: str = "local", check: bool = True) -> str:
        """The repository as restic itself sees it."""
        from dokkupy_backups.names import TargetName
        from dokkupy_backups.repository.restic import Repository
        from dokkupy_backups.target.stored import read_target

        repository = Repository(self.host, read_target(self.host, TargetName(name)))
        env = {**os.environ, **repository.env()}
        done = subprocess.run(repository.argv(words), env=env, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def snapshots(self, *tags: str, name: str = "local") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(
            self.restic("snapshots", "--json", *(w for tag in tags for w in ("--tag", tag)), name=name)
        )
        return found

    def process(self, *words: str, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, str(HERE / "serve.py"), str(self.base), *words],
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


@pytest.fixture
def world(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("DOKKUPY_PLUGINS", "backups,host")
    made = World(tmp_path / "host", capfd)
    fill(made.base, "db", 5000)
    yield made


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository without snapshots."""
    return make(tmp_path_factory.mktemp("template") / "repository")


@pytest.fixture
def local(world: World, tmp_path: Path, template: Path) -> World:
    """With a target `local` in a directory, as `target-add` would have left it."""
    put_target(world.host, "local", shutil.copytree(template, tmp_path / "repository"))
    return world


def put_target(host: Host, name: str, path: Path, host_name: str = "here") -> None:
    from dokkupy_backups.names import TargetName
    from dokkupy_backups.target.location import parse_location
    from dokkupy_backups.target.stored import Target, key_path

    target = Target(TargetName(name), parse_location(str(path)), host_name, {}, "2026-01-01T00:00:00Z", True)
    host.store.save(target.record(), name)
    os.makedirs(os.path.dirname(key_path(host, name)), exist_ok=True)
    Path(key_path(host, name)).write_text(KEY + "\n")
    os.chmod(key_path(host, name), 0o600)


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    server = S3(tmp_path_factory.mktemp("object-store") / "s3")
    yield server
    server.stop()


@pytest.fixture
def s3(object_store: S3) -> S3:
    """The object store of all tests, which takes seconds to start, with an empty folder in its bucket."""
    if not object_store.running():
        object_store.start()
    object_store.prefix(secrets.token_hex(4))
    return object_store
