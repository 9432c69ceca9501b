"""Each mutating command is killed at every boundary: after the next command it is done completely or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import operation
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.processes import killed_at
from dokkupy_storage.directories.directory import storage_root
from dokkupy_storage.entries.changes import destroyed, purge_due
from dokkupy_storage.records import entries, mounts_of

APP = AppName("blog")
SUBJECTS = (f"app:{APP}", "storage:data", "storage:new", "storage:old", "storage:mounts")

MOUNT = ("storage:mount", APP, "data", "--container-dir")
CASES: dict[str, tuple[str, ...]] = {
    "create": ("storage:create", "new", "--mode", "0700", "--label", "a=b"),
    "set": ("storage:set", "data", "mode", "0700"),
    "labels": ("storage:labels:set", "data", "a", "b"),
    "mount": (*MOUNT, "/more"),
    "mount again": (*MOUNT, "/data", "--volume-readonly"),
    "unmount": ("storage:unmount", APP, "data"),
    "destroy": ("storage:destroy", "free", "--force", "--destroy-host-dir"),
    "undestroy": ("storage:undestroy", "old"),
}


def made(base: Path) -> Host:
    """An entry that is mounted, one that is free, and one in the trash."""
    host = fake_host(base / "dokkupy", plugins=("storage",))
    create_app(host, APP)
    os.makedirs(storage_root(host))
    for name in ("data", "free", "old"):
        run(host, "storage:create", name)
        Path(storage_root(host), name, "kept").write_text(name)
    run(host, "storage:destroy", "old", "--force", "--destroy-host-dir")
    run(host, *MOUNT, "/data")
    return host


def run(host: Host, *words: str) -> None:
    assert main(list(words), host=host) == 0


def state(host: Host) -> Any:
    """The state without values that differ in each run: ids, times, inodes."""
    root = Path(storage_root(host))
    ids = {one.entry.id: f"{one.name}'s" for one in destroyed(host)}

    def named(text: str) -> str:
        for identifier, name in ids.items():
            text = text.replace(identifier, name)
        return text

    return (
        [one.replace(id="", created_at="") for one in entries(host)],
        [one.replace(inode=0, entry="") for one in mounts_of(host, APP)],
        sorted((one.name, one.is_moved) for one in destroyed(host)),
        sorted(named(str(path.relative_to(root))) for path in root.rglob("*")),
        sorted(os.listdir(os.path.join(host.root, "journal", "open"))),
    )


def matrix(tmp_path: Path, do: Callable[[Host], object]) -> int:
    """Kill it at each boundary; returns how many there are."""
    base, saved = tmp_path / "base", tmp_path / "saved"
    host = made(base)
    shutil.copytree(base, saved)
    before = state(host)
    do(host)
    after = state(host)
    assert before != after
    for number in range(1, 60):
        shutil.rmtree(base)
        shutil.copytree(saved, base)
        if not killed_at(number, lambda: do(host)):
            return number - 1
        for subject in SUBJECTS:
            with operation(host, "recover", subject):
                pass
        assert state(host) in (before, after), number
    raise AssertionError("it never ends")


@pytest.mark.parametrize("case", CASES)
def test_a_command_killed_anywhere_is_done_completely_or_not_at_all(tmp_path: Path, case: str) -> None:
    assert matrix(tmp_path, lambda host: run(host, *CASES[case])) >= 4


def test_emptying_the_trash_killed_anywhere_is_finished_by_the_next_tick(tmp_path: Path) -> None:
    assert matrix(tmp_path, lambda host: purge_due(host, now=9e9)) >= 4
