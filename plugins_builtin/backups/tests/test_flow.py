"""The way of a backup: created, listed, verified, restored, deleted."""

from __future__ import annotations

from pathlib import Path

from conftest import World
from fake import fill


def rows(world: World, name: str = "db") -> bytes:
    return (world.base / "rows" / name / "rows").read_bytes()


def test_backup_is_done_verified_and_restored(local: World) -> None:
    before = rows(local)
    made = local.json("backups:create", "rows:db")
    assert made["state"] == "done"
    assert local.json("backups:verify", "rows:db")["state"] == "verified"
    fill(local.base, "db", 4000, seed=1)
    local.run("--force", "backups:restore", "rows:db")
    assert rows(local) == before
    listed = local.json("backups:list", "rows:db")
    assert sorted(one["why"] for one in listed) == ["hand", "safety"]
    assert [one[:2] for one in local.plugin.heard] == [("rows:db", "done"), ("rows:db", "verified")]
    assert local.restic("list", "locks") == ""


def test_time_makes_sense(local: World, tmp_path: Path) -> None:
    local.run("backups:create", "rows:db")
    local.run("backups:report")
    local.run("backups:list")
