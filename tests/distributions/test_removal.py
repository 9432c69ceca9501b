"""All distributions are installed as wheels. Each plugin in turn is removed, and the commands of the others still
work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = [
    ROOT / "core",
    ROOT / "plugin_sdk",
    *sorted(p for p in (ROOT / "plugins_builtin").iterdir() if (p / "pyproject.toml").exists() and p.name != "client"),
]
PLUGINS = [folder.name for folder in FOLDERS[2:]]
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"

BUILD = """
import os, sys
from hatchling.build import build_wheel
for folder in sys.argv[2:]:
    os.chdir(folder)
    build_wheel(sys.argv[1])
"""


class Installed:
    """An environment with all distributions, and a state."""

    def __init__(self, place: Path) -> None:
        self.place = place
        wheels = place / "wheels"
        wheels.mkdir()
        subprocess.run([sys.executable, "-c", BUILD, str(wheels), *map(str, FOLDERS)], check=True, capture_output=True)
        venv.create(place / "venv", with_pip=True, symlinks=True)
        self.python = place / "venv/bin/python"
        env = {**os.environ}
        if os.path.exists(CERTIFICATES):
            env.setdefault("PIP_CERT", CERTIFICATES)
        subprocess.run(
            [self.python, "-m", "pip", "--disable-pip-version-check", "install", "-q", *sorted(wheels.glob("*.whl"))],
            check=True,
            env=env,
            capture_output=True,
        )
        (self.site,) = (place / "venv/lib").glob("python*/site-packages")
        (place / "state").mkdir()
        self.run("apps:create", "blog")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        env = {"DOKKUPY_ROOT": str(self.place / "state"), "PATH": "/usr/sbin:/usr/bin:/bin", "HOME": str(self.place)}
        return subprocess.run(
            [self.python, "-I", "-m", "dokkupy", *words], capture_output=True, text=True, env=env, timeout=60
        )

    def python_run(self, code: str, *words: str) -> subprocess.CompletedProcess[str]:
        env = {"DOKKUPY_ROOT": str(self.place / "state"), "PATH": "/usr/sbin:/usr/bin:/bin", "HOME": str(self.place)}
        return subprocess.run(
            [self.python, "-I", "-c", code, *words], capture_output=True, text=True, env=env, timeout=120
        )

    def namespaces(self) -> list[str]:
        code = "from dokkupy.kernel.registry import Registry; print(*Registry().group('dokkupy.commands'))"
        done = subprocess.run([self.python, "-I", "-c", code], capture_output=True, text=True, check=True)
        return done.stdout.split()


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("installed"))


HELP = """
import sys
from dokkupy.cli.main import main
sys.exit(max(main([f"{name}:help"]) for name in sys.argv[1:]))
"""
TYPED = """
import json, sys
from dokkupy.cli.main import main
for words in json.loads(sys.argv[1]):
    if status := main(words):
        sys.exit(f"{words} ended with {status}")
"""
#: plugin -> plugins that require it, as their distributions declare. Only these may be reported as broken.
STAND_ON = {
    "app-json": ("buildpacks",),
    "mysql": ("mariadb",),
    "services": (
        "clickhouse",
        "couchdb",
        "elasticsearch",
        "meilisearch",
        "mariadb",
        "memcached",
        "mongo",
        "mysql",
        "nats",
        "postgres",
        "rabbitmq",
        "redis",
        "typesense",
        "valkey",
        "backups",
    ),
}


def check(installed: Installed, without: tuple[str, ...] = ()) -> None:
    there = installed.namespaces()
    version = installed.run("version")
    assert version.returncode == 0 and "Traceback" not in version.stderr, version.stderr
    lines = (
        ["apps:list"],
        ["config:show", "blog"],
        ["domains:report", "blog"],
        ["ps:report", "blog"],
        ["plugin:list"],
        ["config:set", "--no-restart", "blog", "A=1"],
        ["help"],
        ["report", "blog"],
    )
    # Without its plugin, a command does not exist. One process types all, because a start costs more than most of them.
    words = [line for line in lines if line[0].partition(":")[0] in there]
    done = installed.python_run(TYPED, json.dumps(words))
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    helped = installed.python_run(HELP, *(name for name in there if name not in without))
    assert helped.returncode == 0 and "Traceback" not in helped.stderr, helped.stderr
    if "plugin" in there:
        listed = json.loads(installed.run("plugin:list", "--format", "json").stdout)
        assert {row["name"] for row in listed if row["status"] == "broken"} == set(without), listed


def test_everything_together_works(installed: Installed) -> None:
    check(installed)
    assert {"nginx", "git", "checks", "logs", "app-json"} <= set(installed.namespaces())


@contextmanager
def missing(installed: Installed, plugin: str) -> Iterator[None]:
    """Remove the files of a plugin, like `pip uninstall`."""
    package = "dokkupy_" + plugin.replace("-", "_")
    aside = installed.place / "aside"
    aside.mkdir(exist_ok=True)
    moved = [path for path in installed.site.iterdir() if path.name == package or path.name.startswith(f"{package}-")]
    assert len(moved) == 2
    for path in moved:
        path.rename(aside / path.name)
    try:
        yield
    finally:
        for path in moved:
            (aside / path.name).rename(path)


@pytest.mark.parametrize("plugin", [name for name in PLUGINS if name != "apps"])
def test_without_one_plugin_the_others_work(installed: Installed, plugin: str) -> None:
    with missing(installed, plugin):
        check(installed, STAND_ON.get(plugin, ()))
        assert f'"name": "{plugin}"' not in installed.run("plugin:list", "--format", "json").stdout


def test_without_dokkupy_apps_only_plugins_that_require_it_are_reported_as_broken(
    installed: Installed,
) -> None:
    declare = {folder.name for folder in FOLDERS if '"dokkupy-apps>=' in (folder / "pyproject.toml").read_text()}
    with missing(installed, "apps"):
        for words in (["version"], ["help"], ["plugin:list"]):
            done = installed.run(*words)
            assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
        refused = installed.run("apps:list")
        assert refused.returncode == 1 and "Plugin commands" in refused.stderr and "Traceback" not in refused.stderr
        listed = json.loads(installed.run("plugin:list", "--format", "json").stdout)
        broken = {row["name"] for row in listed if row["status"] == "broken"}
        assert "commands" in broken and broken <= declare, broken
