"""Which directories an app's backup contains, under which names, and the command that runs before it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host
from dokkupy_storage.directories.directory import storage_root
from dokkupy_storage.hooks import backup_directories, pre_backup
from dokkupy_storage.mounts.backup import COMMAND, backed_up, is_data
from dokkupy_storage.records import Mount

APP = AppName("blog")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path / "dokkupy", plugins=("storage",))
    create_app(host, APP)
    os.makedirs(storage_root(host))
    return host


def run(host: Host, *words: str) -> None:
    assert main(list(words), host=host) == 0


def mount(host: Host, name: str, target: str, *words: str) -> None:
    run(host, "storage:mount", APP, name, "--container-dir", target, *words)


def test_an_entry_is_backed_up_under_its_name_with_its_subdirectories(host: Host) -> None:
    run(host, "storage:create", "data")
    run(host, "storage:create", "parts")
    root = storage_root(host)
    os.mkdir(f"{root}/parts/a b")
    mount(host, "data", "/data")
    mount(host, "parts", "/part", "--volume-subpath", "a b")
    found = backed_up(host, APP)
    assert found["_data"] == f"{root}/data" and list(found.values()) == [f"{root}/data", f"{root}/parts/a b"]
    assert all(name.isprintable() and " " not in name and name.startswith("_") for name in found)
    assert dict(backup_directories(host, APP)) == found


def test_what_an_app_only_reads_is_not_in_its_backup(host: Host) -> None:
    run(host, "storage:create", "catalog")
    mount(host, "catalog", "/catalog", "--volume-readonly")
    assert backed_up(host, APP) == {}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("/srv/blog", True),
        ("/mnt/disk/blog", True),
        ("/srv", False),
        ("/etc/ssl", False),
        ("/var/run/docker.sock", False),
        ("/proc/sys", False),
        ("pg-volume", False),
    ],
)
def test_directories_of_the_host_are_backed_up_except_the_systems(host: Host, source: str, expected: bool) -> None:
    assert is_data(host, Mount(source=source, target="/x")) is expected


def test_dokkupys_own_state_is_not_in_an_apps_backup(host: Host) -> None:
    for source in (host.root, os.path.dirname(host.root), f"{host.root}/apps"):
        assert not is_data(host, Mount(source=source, target="/x"))


def test_the_command_of_an_entry_is_run_before_and_its_failure_refuses_the_backup(host: Host) -> None:
    run(host, "storage:create", "data")
    mount(host, "data", "/data")
    run(host, "storage:annotations:set", "data", COMMAND, "save-all")
    pre_backup(host, "app:blog")  # not deployed, so no command has to run
    deploy(host, APP, {"Procfile": "web: serve\n"})
    engine = host.engine()
    before = len(engine.specs)  # type: ignore[attr-defined]
    pre_backup(host, "app:blog")
    (spec,) = list(engine.specs.values())[before:]  # type: ignore[attr-defined]
    assert "save-all" in " ".join(spec.command)
    engine.exit_codes[" ".join(spec.command)] = 3  # type: ignore[attr-defined]
    with pytest.raises(AppError, match="exited with status 3"):
        pre_backup(host, "app:blog")
    for subject in ("host", "postgres:blog", "app:other"):
        pre_backup(host, subject)
