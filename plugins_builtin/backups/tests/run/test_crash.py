"""Killed at every boundary, and in the middle of restic's work: before or after, nothing between, no lock to remove."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from dokkupy_sdk.operation import operation
from dokkupy_sdk.testing.effort import stride
from dokkupy_sdk.testing.processes import children, is_running

from plugins_builtin.backups.tests.conftest import World
from plugins_builtin.backups.tests.fake import fill, set_fault


def require_clean(world: World) -> None:
    """What the next minute's tick does, and the next work on the target."""
    for subject in ("backup:rows:db", "backup-target:local"):
        with operation(world.host, "recover", subject):
            pass
    world.run("backups:target-check", "local")
    assert world.restic("list", "locks") == ""
    assert list((world.base / "root/journal/open").iterdir()) == []
    listed = world.json("backups:list")
    assert len(world.snapshots()) == 2 * len(listed)
    assert {one["id"] for one in listed} <= {one["id"] for one in world.snapshots()}
    root = world.base / "root"
    assert not [
        path
        for path in root.rglob("*")
        if path.is_file() and (path.suffix == ".tmp" or "tmp/" in str(path.relative_to(root)))
    ]


def boundaries(world: World, *words: str) -> list[str]:
    log = world.base / "faults.log"
    process = world.process(*words, env={"DOKKUPY_FAILPOINT_LOG": str(log)})
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return log.read_text().splitlines()


@pytest.mark.parametrize("kind", ["kill", "fail", "signal-TERM"])
def test_backup_ended_at_any_boundary_is_there_or_not(local: World, tmp_path: Path, kind: str) -> None:
    fill(local.base, "db", 500)
    names = boundaries(local, "backups:create", "rows:db")
    assert len(names) >= 14
    # Failing and being stopped, where it is the same code whatever the step, less often.
    for number, name in list(enumerate(names, 1))[:: stride(15 if kind == "kill" else 30)]:
        before = len(local.json("backups:list"))
        process = local.process("backups:create", "rows:db", env={"DOKKUPY_FAILPOINT": f"{kind}@{number}"})
        _, err = process.communicate(timeout=120)
        require_clean(local)
        after = len(local.json("backups:list"))
        assert after - before in (0, 1), name
        if process.returncode == 0:
            assert after == before + 1, (name, err)
        if "manifest" not in name and "records" not in name and "commit" not in name and "note_interrupted" not in name:
            assert after == before, name


@pytest.mark.parametrize("target", ["dokkupy", "restic", "both"])
def test_killed_while_the_dump_runs_leaves_no_backup_and_no_lock(local: World, target: str) -> None:
    set_fault(local.base, "db", "slow")
    process = local.process("backups:create", "rows:db")
    end = time.monotonic() + 60
    while not (local.base / "rows/db/dumping").exists():
        assert process.poll() is None and time.monotonic() < end, process.communicate()
        time.sleep(0.05)
    found = children(process.pid)
    assert len(found) == 1
    if target in ("restic", "both"):
        os.kill(found[0], signal.SIGKILL)
        (local.base / "rows/db/go-on").touch()
    if target in ("dokkupy", "both"):
        process.kill()
    process.communicate(timeout=60)
    end = time.monotonic() + 60
    while is_running(found[0]) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_running(found[0])
    assert local.json("backups:list") == []
    set_fault(local.base, "db", "")
    local.run("backups:create", "rows:db")
    require_clean(local)
    assert len(local.json("backups:list")) == 1


def test_prune_and_delete_killed_at_any_boundary_lose_no_backup_that_is_listed(local: World, tmp_path: Path) -> None:
    fill(local.base, "db", 500)
    for _ in range(3):
        local.run("backups:create", "rows:db")
    local.run("backups:schedule", "rows:db", "0 3 * * *", "--keep-last", "1")
    saved = tmp_path / "saved"
    shutil.copytree(local.base, saved / "host")
    shutil.copytree(tmp_path / "repository", saved / "repository")
    names = boundaries(local, "backups:prune")
    assert len(names) >= 8 and len(local.json("backups:list")) == 1
    for number, name in list(enumerate(names, 1))[:: stride(15)]:
        for part, place in (("host", local.base), ("repository", tmp_path / "repository")):
            shutil.rmtree(place)
            shutil.copytree(saved / part, place)
        process = local.process("backups:prune", env={"DOKKUPY_FAILPOINT": f"kill@{number}"})
        process.communicate(timeout=120)
        require_clean(local)
        assert len(local.json("backups:list")) in (1, 3), name
        if number % 4 == 1:
            local.run("backups:prune")
            assert len(local.json("backups:list")) == 1, name
            local.run("backups:verify", "rows:db")


def test_restore_killed_at_any_boundary_leaves_the_old_or_the_new(local: World) -> None:
    fill(local.base, "db", 500)
    local.run("backups:create", "rows:db")
    good = (local.base / "rows/db/rows").read_bytes()
    fill(local.base, "db", 600, seed=4)
    changed = (local.base / "rows/db/rows").read_bytes()
    words = ("--force", "backups:restore", "rows:db", "--at", local.json("backups:list")[0]["id"])
    names = boundaries(local, *words)
    for number, name in list(enumerate(names, 1))[:: stride(24)]:
        (local.base / "rows/db/rows").write_bytes(changed)
        process = local.process(*words, env={"DOKKUPY_FAILPOINT": f"kill@{number}"})
        process.communicate(timeout=120)
        assert (local.base / "rows/db/rows").read_bytes() in (good, changed), name
        require_clean(local)


def test_another_host_s_work_on_the_repository_is_waited_for_and_then_said(
    local: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock is a living one: it is not taken away."""
    from dokkupy_backups.names import TargetName
    from dokkupy_backups.repository.restic import Repository
    from dokkupy_backups.target.stored import read_target

    monkeypatch.setattr("dokkupy_backups.repository.restic.LOCK_WAIT", 3.0)
    repository = Repository(local.host, read_target(local.host, TargetName("local")))
    other = repository.start(["backup", "--stdin", "--stdin-filename", "x", "--host", "there"], feeds=True)
    try:
        end = time.monotonic() + 60
        while not local.restic("list", "locks", "--no-lock") and time.monotonic() < end:
            time.sleep(0.2)
        assert local.json("backups:prune", status=1)["error"] == "busy"
        local.run("backups:create", "rows:db")
        assert local.restic("list", "locks", "--no-lock")
    finally:
        other.end()
    local.run("backups:prune")
    assert local.restic("list", "locks") == ""


def test_change_after_a_killed_restore_of_the_host_is_kept(local: World) -> None:
    """It is made on the state before or after: on a half-restored one it would be lost when the restore is undone."""
    store, root = local.host.store, local.base / "root"
    store.write("apps", "blog", "app", data={"created_at": "2026-01-01T00:00:00Z"})
    local.run("backups:create", "host")
    words = ("--force", "backups:restore", "host", "--no-safety")
    names = boundaries(local, *words)
    marks = ("restore-host: after replace apps", "restore-host: before commit", "restore-host: after commit")
    numbers = [number for number, name in enumerate(names, 1) if name.endswith(marks)]
    assert len(numbers) == len(marks), names
    for number in numbers:
        local.process(*words, env={"DOKKUPY_FAILPOINT": f"kill@{number}"}).communicate(timeout=120)
        with operation(local.host, "config:set", "app:blog"):
            store.write("apps", "blog", "config", data={"env": {"MADE_AT": str(number)}})
        for subject in ("host-state", "host", "backup:host"):
            with operation(local.host, "recover", subject):
                pass
        assert store.read("apps", "blog", "config")["env"] == {"MADE_AT": str(number)}, names[number - 1]
        assert list((root / "journal/open").iterdir()) == [] == list((root / "backups/restore").glob("*"))
