"""The way of a backup: created, listed, verified, restored, deleted."""

from __future__ import annotations

from plugins_builtin.backups.tests.conftest import World
from plugins_builtin.backups.tests.fake import fill


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


def test_second_restore_brings_the_same_back_and_not_what_the_first_replaced(local: World) -> None:
    """The safety backup is newer, and is of what somebody wanted to be rid of; it is there by its id."""
    good = rows(local)
    local.run("backups:create", "rows:db")
    fill(local.base, "db", 10, seed=1)
    bad = rows(local)
    saved = local.json("--force", "backups:restore", "rows:db")["safety"]
    local.run("--force", "backups:restore", "rows:db", "--no-safety")
    assert rows(local) == good
    local.run("--force", "backups:restore", "rows:db", "--at", saved)
    assert rows(local) == bad


def test_restore_asks_for_the_name_before_it_replaces_anything(local: World) -> None:
    local.run("backups:create", "rows:db")
    fill(local.base, "db", 10, seed=1)
    bad = rows(local)
    local.run("backups:restore", "rows:db", status=1)
    assert rows(local) == bad and len(local.json("backups:list")) == 1


def test_report_and_list_of_people_and_programs_agree(local: World) -> None:
    local.run("backups:create", "rows:db")
    local.run("backups:verify", "rows:db")
    text = local.run("backups:report", "rows:db")
    row = local.json("backups:report", "rows:db")
    assert row["last-backup-state"] == "verified" and row["last-verified-age-hours"] == 0.0
    assert "=====> rows:db backups information" in text and row["last-verified"] in text
    assert row["last-verified"] in local.run("backups:list", "rows:db")
    assert [one["subject"] for one in local.json("backups:report")] == ["host", "rows:db"]
    assert "sha256" in local.run("backups:info", row["last-verified"])
    local.json("backups:report", "rows:none", status=1)
