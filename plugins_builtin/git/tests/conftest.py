"""Real git, real processes; the deploy of apps is a stand-in (see `stand_in.py`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_git.repository.bare import Repository
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import FakeEngine

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from plugins_builtin.git.tests import stand_in  # noqa: E402

IDENTITY = {
    "GIT_AUTHOR_NAME": "T",
    "GIT_AUTHOR_EMAIL": "t@example.com",
    "GIT_COMMITTER_NAME": "T",
    "GIT_COMMITTER_EMAIL": "t@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}


class Client:
    """A developer's work tree that pushes to the host."""

    def __init__(self, path: Path, root: Path, who: str = "tester") -> None:
        self.path = path
        self.root = root
        path.mkdir(parents=True, exist_ok=True)
        self.env = {
            **os.environ,
            **IDENTITY,
            "DOKKUPY_ROOT": str(root),
            "HOME": str(path.parent),
            "TEST_WHO": who,
            "DOKKUPY_PLUGINS": "git",
        }
        self.git("init", "-q", "-b", "master")

    def git(self, *words: str, check: bool = True, stdin: bytes | None = None) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.path), *words], capture_output=True, env=self.env, check=False, input=stdin
        )
        assert not check or done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    def commit(self, files: dict[str, str] | None = None, message: str = "work") -> str:
        self.write(files or {})
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def push_argv(self, *refs: str, app: str = "blog", options: tuple[str, ...] = ()) -> list[str]:
        server = f"{sys.executable} {HERE / 'serve.py'} git-receive-pack"
        return ["git", "-C", str(self.path), "push", f"--receive-pack={server}", *options, f"file:///{app}", *refs]

    def push(self, *refs: str, app: str = "blog", options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        argv = self.push_argv(*(refs or ("master",)), app=app, options=options)
        return subprocess.run(argv, capture_output=True, env=self.env, text=True, check=False, timeout=60)


class World:
    """A host with its root, and what its deploys left."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.host = Host(str(root), who="tester")
        self.host.override_role("engine", "fake", FakeEngine(self.host))

    @property
    def deployed(self) -> dict[str, Any]:
        path = self.root / "deployed.json"
        found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return found

    def make_app(self, name: str = "blog") -> AppName:
        app = AppName(name)
        create_app(self.host, app)
        return app

    def leftovers(self, name: str = "blog") -> list[str]:
        """Everything that a finished operation should not have left."""
        repository = self.root / "repos" / f"{name}.git"
        found = [
            *repository.glob("objects/*incoming*"),
            *repository.glob("objects/pack/tmp_*"),
            *repository.glob("refs/dokkupy/*"),
            *repository.glob("**/*.lock"),
        ]
        found = [path for path in found if path.name != "dokkupy.lock"]
        for directory in ("builds", "tmp", "journal/open"):
            found += (self.root / directory).glob("*")
        return [str(path) for path in found]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("DOKKUPY_PLUGINS", "git")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.setattr(stand_in.deploy, "deploy_source", stand_in.deploy_source)
    return World(root)


@pytest.fixture
def client(tmp_path: Path, world: World) -> Client:
    return Client(tmp_path / "work", world.root)


def wait_for(condition, seconds: float = 60.0) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


BLOG = AppName("blog")


def run(world: World, *words: str, who: str = "tester") -> int:
    host = Host(str(world.root), who=who)
    host.override_role("engine", "fake", world.host.engine())
    return main(list(words), who=who, host=host)


def head(world: World, branch: str = "master") -> str:
    return Repository(world.host, BLOG).ref(f"refs/heads/{branch}")


@pytest.fixture
def upstream(tmp_path: Path, world: World) -> Client:
    world.make_app()
    made = Client(tmp_path / "upstream", world.root)
    made.git("checkout", "-q", "-b", "main")
    made.commit({"a": "1"})
    return made
