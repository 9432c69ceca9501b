"""Everything that belongs to an app, by groups of commands. Renames, clones and backups lose nothing, and a destroyed
app leaves nothing.

Each row of OWNED sets one thing and reads it. A clone does not get things that can only belong to one app.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from dokkupy.host import Host
from dokkupy.kernel.discovery import entry_points
from dokkupy.model.names import AppName
from dokkupy_apps.testing import deploy
from dokkupy_backups.subject.host_state import HostState
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import Run, command_line
from dokkupy_secrets import keyring
from dokkupy_secrets.key_file import write
from dokkupy_storage.directories.directory import storage_root

PLUGINS = tuple(sorted({entry.plugin for entry in entry_points()} - {"core", "sdk"}))
TREE = {"Procfile": "web: serve\nworker: work\n", "app.json": "{}"}
SERVER = "registry.example.com"
SECRETS = ("of-ann", "of-the-app", "of-the-sink", "of-the-release")


class Owned(NamedTuple):
    """One thing that an app owns. set: commands, in which `APP` is the app. read: a command, and a part of its output.
    is_cloned: whether a clone gets it, too."""

    set: tuple[str, ...]
    read: str
    expected: str
    is_cloned: bool = True


OWNED = {
    "variables": Owned(("config:set --no-restart APP TOKEN=of-the-app",), "config:get APP TOKEN", "of-the-app"),
    "direct ports": Owned(("ports:add APP tcp:6000:6000 udp:6001:6001",), "ports:list APP", "6001", is_cloned=False),
    "http ports": Owned(("ports:add APP http:8080:5000",), "ports:list APP", "8080"),
    "domains": Owned(("domains:set APP www.example.org",), "domains:report APP", "www.example.org", is_cloned=False),
    "a maintenance page": Owned(("maintenance:enable APP",), "maintenance:report APP --maintenance-enabled", "true"),
    "a redirect": Owned(
        ("domains:add APP old.example.org", "redirect:set APP old.example.org www.example.org"),
        "redirect APP",
        "old.example.org",
    ),
    "users of http-auth": Owned(
        ("http-auth:enable APP ann of-ann", "http-auth:add-allowed-ip APP 10.0.0.9"),
        "http-auth:report APP",
        "10.0.0.9",
    ),
    "logins of registries": Owned(
        (f"registry:login APP {SERVER} ann of-ann",), "registry:report APP --registry-logins", SERVER
    ),
    "settings of registries": Owned(("registry:set APP push-extra-tags latest",), "registry:report APP", "latest"),
    "drains": Owned(
        ("logs:set APP vector-sink http://?uri=https://of-the-sink@logs.example.com",),
        "logs:report APP --logs-vector-sink",
        "***",
    ),
    "the size of logs": Owned(("logs:set APP max-size 20m",), "logs:report APP", "20m"),
    "a budget of the disk": Owned(("disk:set APP budget 3g",), "disk:report APP", "3g"),
    "networks": Owned(("network:set APP attach-post-create shared",), "network:report APP", "shared"),
    "mounts": Owned(("storage:mount APP data:/data",), "storage:list APP", "/data"),
    "tasks": Owned(('cron:set APP task.clean "0 4 * * * tidy up"',), "cron:list APP", "tidy up"),
    "a suspended task": Owned(("cron:suspend APP clean",), "cron:list APP", "true"),
    "a certificate": Owned(
        ("certs:generate APP www.example.org",), "certs:report APP --ssl-hostnames", "www.example.org", is_cloned=False
    ),
    "limits": Owned(("resource:limit APP --memory 64m",), "resource:report APP", "64m"),
    "docker options": Owned(("docker-options:add APP deploy --init",), "docker-options:report APP", "--init"),
    "checks": Owned(("checks:set APP wait-to-retire 7",), "checks:report APP", "7"),
    "buildpacks": Owned(("buildpacks:add APP heroku/ruby",), "buildpacks:list APP", "heroku"),
}


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("HOME", str(tmp_path))
    return made(tmp_path / "one" / "dokkupy")


def made(root: Path) -> Host:
    host = fake_host(root, plugins=PLUGINS, real=("source",))
    host.hooks.manager.unregister(name="checks")  # this test cannot wait, because fake instances never answer
    engine: Any = host.engine()
    engine.accounts[SERVER] = {"ann": "of-ann"}
    os.makedirs(storage_root(host))
    write(keyring.path_of(host.root), (keyring.fresh(),))
    return host


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return command_line(host, capsys, monkeypatch)


def words(text: str, app: str) -> list[str]:
    """Split a command line like a shell."""
    found = re.findall(r'"([^"]*)"|(\S+)', re.sub(r"\bAPP\b", app, text))
    return [quoted or plain for quoted, plain in found]


def own_all(run: Run, app: str) -> None:
    for owned in OWNED.values():
        for text in owned.set:
            status, _, error = run(*words(text, app))
            assert status == 0, (text, error)


@pytest.fixture
def owner(host: Host, run: Run) -> str:
    for text in ("network:create shared", "storage:create data"):
        assert run(*text.split())[0] == 0
    deploy(host, "blog", TREE)
    own_all(run, "blog")
    deploy(host, "blog", TREE)
    return "blog"


def has(run: Run, owned: Owned, app: str) -> bool:
    """Whether the app has it. If the read fails, the app does not have it."""
    _, out, error = run(*words(owned.read, app))
    assert "Internal error" not in error
    return owned.expected in out


def state_of(host: Host) -> str:
    """The content of the state, except records of past events and previous generations of files."""
    parts = []
    for path in sorted(Path(host.root).rglob("*")):
        top = path.relative_to(host.root).parts[0]
        is_past = top in ("journal", "logs", "audit", "locks") or path.suffix == ".previous" and top != "apps"
        if path.is_file() and not is_past:
            parts.append(f"{path.relative_to(host.root)}\n{path.read_text(errors='replace')}")
    return "\n".join(parts)


def test_renamed_app_has_everything_and_the_old_name_has_nothing(host: Host, run: Run, owner: str) -> None:
    status, _, error = run("apps:rename", owner, "diary")
    assert status == 0, error
    assert [what for what, owned in OWNED.items() if not has(run, owned, "diary")] == []
    assert not re.search(r"\bapps/blog\b", state_of(host))
    routes: Any = host.proxy()
    assert "blog" not in routes.routes


def test_clone_has_everything_except_what_can_only_belong_to_one_app(run: Run, owner: str, host: Host) -> None:
    status, _, error = run("apps:clone", owner, "copy")
    assert status == 0, error
    found = {what: has(run, owned, "copy") for what, owned in OWNED.items()}
    assert found == {what: owned.is_cloned for what, owned in OWNED.items()}
    assert all(has(run, owned, owner) for owned in OWNED.values())
    routes: Any = host.proxy()
    assert "example.org" not in str(routes.routes["copy"].domains)


def test_later_app_of_the_same_name_gets_nothing_of_a_destroyed_app(host: Host, run: Run, owner: str) -> None:
    assert run("apps:destroy", owner, "--force")[0] == 0
    left = state_of(host)
    assert not [line for line in left.splitlines() if re.search(r"\bblog\b", line)], left
    engine: Any = host.engine()
    assert not [name for name in (*engine.made, *engine.tags) if name.startswith(("blog.", "dokku/blog"))]
    deploy(host, owner, TREE)
    assert [what for what, owned in OWNED.items() if has(run, owned, owner)] == []


def test_no_secret_of_an_app_is_unencrypted_on_the_disk(host: Host, owner: str) -> None:
    root = Path(host.root)
    texts = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert texts
    assert [path for path, text in texts.items() for secret in SECRETS if secret.encode() in text] == []


def test_backup_of_the_host_restores_everything_on_another_host(
    host: Host, owner: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces: list[bytes] = []
    HostState(host).dump(pieces.append)
    other = made(tmp_path / "two" / "dokkupy")
    HostState(other).restore(pieces, {})
    run = command_line(other, capsys, monkeypatch)
    assert [what for what, owned in OWNED.items() if not has(run, owned, owner)] == []
    assert other.store.has_app(AppName(owner))
    texts = [path.read_bytes() for path in Path(other.root).rglob("*") if path.is_file()]
    assert not [secret for secret in SECRETS for text in texts if secret.encode() in text]


def test_rollback_keeps_what_belongs_to_the_app_and_not_to_a_release(run: Run, owner: str) -> None:
    status, _, error = run("releases:rollback", owner)
    assert status == 0, error
    of_releases = {"variables", "docker options", "limits", "checks", "mounts", "networks", "buildpacks", "tasks"}
    assert [what for what, owned in OWNED.items() if what not in of_releases and not has(run, owned, owner)] == []
