"""A directory of the host in an app's containers, through deploys, renames, clones, rollbacks, backup and loss. A
deployer's key cannot reach other directories by it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from apps import Repository
from bed.engine import SOON, Ran, run
from bed.host import Host

ROOT = "/var/lib/dokku/data/storage"

Attack = Callable[..., Ran]


@pytest.fixture
def attack(host: Host, app: str, tmp_path: Path) -> Iterator[Attack]:
    """Run a command over SSH as the deployer of the app."""
    key = tmp_path / "mounter"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)])
    public = key.with_suffix(".pub").read_text()
    host.exec(["dokkupy", "ssh-keys:add", "mounter", "--role", "deployer", "--apps", app], input=public)
    connection = host._ssh_command()
    connection[connection.index("-i") + 1] = str(key)

    def typed(*words: str) -> Ran:
        return run([*connection, f"dokku@{host.ip}", shlex.join(words)], check=False, input="", timeout=SOON)

    yield typed
    host.exec(["dokkupy", "ssh-keys:remove", "mounter"])


@pytest.fixture
def entry(host: Host, app: str) -> Iterator[str]:
    name, target = f"{app}-data", f"/var/lib/{app}"
    host.exec(["dokkupy", "storage:create", name, "--chown", "herokuish"])
    host.exec(["install", "-d", "-o", "dokkupy", "-g", "dokkupy", "-m", "700", target])
    yield name
    for one in (f"{app}-copy", f"{app}-new", app):
        host.exec(["dokkupy", "--force", "apps:destroy", one], check=False)
    host.exec(["dokkupy", "--force", "backups:target-remove", name], check=False)
    host.exec(["dokkupy", "--force", "storage:destroy", name], check=False)
    host.exec(["rm", "-rf", f"{ROOT}/{name}", f"{ROOT}/{app}", target])


def kept(host: Host, app: str) -> str:
    """The content of the file, as the serving process reads it."""
    return host.exec(["docker", "exec", f"{app}.web.1", "cat", "/data/kept"]).stdout.strip()


def test_mount_keeps_its_data_and_no_other_app_can_use_it(
    host: Host, app: str, entry: str, repository: Repository, attack: Attack
) -> None:
    copy, renamed, path = f"{app}-copy", f"{app}-new", f"{ROOT}/{entry}"
    assert host.exec(["stat", "-c", "%u:%g %a", path]).stdout == "32767:32767 755\n"
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "storage:mount", app, entry, "--container-dir", "/data"])
    host.git_push(repository.path, app)
    host.exec(["docker", "exec", "-u", "32767", f"{app}.web.1", "sh", "-c", "echo first >/data/kept"])
    host.exec(["dokkupy", "ps:rebuild", app])
    host.exec(["dokkupy", "releases:rollback", app])
    assert kept(host, app) == "first"
    assert host.exec(["dokkupy", "run", app, "cat", "/data/kept"]).stdout == "first\n"
    host.exec(["dokkupy", "apps:clone", "--skip-deploy", app, copy])
    listed = json.loads(host.exec(["dokkupy", "storage:list", copy, "--format", "json"]).stdout)
    assert [one["host_path"] for one in listed] == [path]
    host.exec(["dokkupy", "apps:rename", app, renamed])
    read = ["--image", "python:3.13-slim", "--as-user", "32767", "--", "cat", "kept"]
    assert host.exec(["dokkupy", "storage:exec", entry, *read]).stdout == "first\n"

    refused(host, app, entry, attack)
    host.exec(["dokkupy", "backups:target-add", entry, f"/var/lib/{app}"])
    host.exec(["dokkupy", "backups:create", f"app:{renamed}", "--target", entry])
    host.exec(["rm", "-rf", path])
    failed = host.exec(["dokkupy", "ps:restart", renamed], check=False)
    assert failed.code == 1 and "does not mount an empty directory" in failed.stderr
    assert host.exec(["docker", "restart", "-t", "0", f"{renamed}.web.1"], check=False).code != 0
    assert host.exec(["test", "-e", path], check=False).code == 1, "the engine makes none either"
    host.exec(["dokkupy", "--force", "backups:restore", f"app:{renamed}", "--no-safety"])
    host.exec(["dokkupy", "ps:restart", renamed])
    assert kept(host, renamed) == "first"
    assert host.exec(["stat", "-c", "%u", path]).stdout == "32767\n"


def refused(host: Host, app: str, entry: str, attack: Attack) -> None:
    """Check that the deployer of a later app, which has the old name of the renamed app, is refused."""
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["ln", "-s", "/etc", f"{ROOT}/{app}"])
    for source in (f"{ROOT}/{entry}", f"{ROOT}/{app}", "/etc"):
        assert attack("storage:mount", app, f"{source}:/x").code == 1, source
    assert attack("storage:mount", app, entry, "--container-dir", "/x").code == 1
    assert json.loads(host.exec(["dokkupy", "storage:list", app, "--format", "json"]).stdout) == []
    assert host.exec(["dokkupy", "storage:mount", app, f"{ROOT}/{app}:/x"], check=False).code == 1
