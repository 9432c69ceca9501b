"""Each way in which a backup can be a lie is found, and says so."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from dokkupy_backups.repository.process import Child
from dokkupy_sdk.errors import HostError

from plugins_builtin.backups.tests.conftest import KEY, World, put_target
from plugins_builtin.backups.tests.fake import fill, set_fault


def outcomes(world: World) -> list[str]:
    return [one[1] for one in world.plugin.heard]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("raise", "the dump program ended with status 1"),
        ("partial", "no whole dump"),
        ("headless", "no whole dump"),
        ("boom", "ZeroDivisionError"),
    ],
)
def test_dump_that_failed_or_was_cut_leaves_no_snapshot(local: World, fault: str, words: str) -> None:
    set_fault(local.base, "db", fault)
    assert words in local.run("backups:create", "rows:db", status=1)
    assert local.snapshots() == []
    assert local.json("backups:list") == []
    assert outcomes(local) == ["failed"]
    assert words in local.json("backups:report", "rows:db")["backup-error"]
    assert local.restic("list", "locks") == ""


def test_emptied_content_is_refused_unless_it_is_accepted(local: World) -> None:
    local.run("backups:create", "rows:db")
    fill(local.base, "db", 0)
    assert "not plausible" in local.run("backups:create", "rows:db", status=1)
    assert len(local.json("backups:list")) == 1
    local.run("backups:create", "rows:db", "--accept-smaller")
    assert len(local.json("backups:list")) == 2


def test_dump_of_less_than_half_of_the_last_verified_one_is_refused(local: World) -> None:
    local.run("backups:create", "rows:db")
    local.run("backups:verify", "rows:db")
    fill(local.base, "db", 2400)
    assert "less than 50 %" in local.run("backups:create", "rows:db", status=1)
    local.run("backups:set", "smallest-percent", "40")
    local.run("backups:create", "rows:db")
    fill(local.base, "db", 1200)
    assert "the last one had" in local.run("backups:create", "rows:db", status=1)  # beside the verified one, of 5000


def test_well_formed_dump_of_nothing_is_found_by_verify(local: World) -> None:
    """The first backup has nothing to be compared with, and its dump begins and ends as it should."""
    set_fault(local.base, "db", "emptied")
    local.run("backups:create", "rows:db")
    said = local.run("backups:verify", "rows:db", status=1)
    assert "rows: number: 0, was 5000" in said
    row = local.json("backups:list")[0]
    assert row["state"] == "failed" and "was 5000" in row["failed"]
    assert outcomes(local) == ["done", "failed"]
    assert local.json("backups:report", "rows:db")["last-verified-age-hours"] is None
    assert "no complete backup" in local.run("--force", "backups:restore", "rows:db", status=1)


def packs(repository: Path) -> list[Path]:
    return sorted((path for path in (repository / "data").glob("*/*")), key=lambda path: path.stat().st_size)


def damage(pack: Path, *, longer: bool = False) -> None:
    content = bytearray(pack.read_bytes())
    content[len(content) // 3] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(content + b"x" * longer)


def test_deleted_pack_is_found_by_verify(local: World, tmp_path: Path) -> None:
    local.run("backups:create", "rows:db")
    packs(tmp_path / "repository")[-1].unlink()
    assert "failed verification" in local.run("backups:verify", "rows:db", status=1)
    assert local.json("backups:list")[0]["state"] == "failed"


def test_bits_that_rot_in_a_pack_are_found_by_verify_and_by_restore(local: World, tmp_path: Path) -> None:
    local.run("backups:create", "rows:db")
    damage(packs(tmp_path / "repository")[-1])
    local.run("backups:verify", "rows:db", status=1)
    row = local.json("backups:list")[0]
    assert row["state"] == "failed"
    fill(local.base, "db", 6000, seed=3)
    changed = (local.base / "rows/db/rows").read_bytes()
    local.run("--force", "backups:restore", "rows:db", "--at", row["id"], "--no-safety", status=1)
    assert (local.base / "rows/db/rows").read_bytes() == changed


def test_damage_of_another_backup_does_not_condemn_this_one(local: World, tmp_path: Path) -> None:
    fill(local.base, "other", 3000, seed=9)
    local.run("backups:create", "rows:other")
    first = set(packs(tmp_path / "repository"))
    local.run("backups:create", "rows:db")
    assert first
    # Of another length, which a check without reading sees, and rotten: for one that is gone restic waits 45 s.
    damage(max(first, key=lambda path: path.stat().st_size), longer=True)
    assert "restic check failed" in local.run("backups:verify", "rows:db", status=1)
    assert local.json("backups:list", "rows:db")[0]["state"] == "done"
    local.run("backups:verify", "rows:other", status=1)
    assert local.json("backups:list", "rows:other")[0]["state"] == "failed"


def test_wrong_key_is_said_and_condemns_no_backup(local: World) -> None:
    local.run("backups:create", "rows:db")
    (local.base / "root/backups/keys/local").write_text("another\n")
    for words in (("verify", "rows:db"), ("create", "rows:db"), ("target-check", "local"), ("prune",)):
        assert "does not decrypt its repository" in local.run(f"backups:{words[0]}", *words[1:], status=1)
    assert local.json("backups:list")[0]["state"] == "done"
    (local.base / "root/backups/keys/local").write_text(KEY + "\n")
    local.run("backups:verify", "rows:db")


def test_lost_key_is_an_error_of_the_doctor(local: World) -> None:
    local.run("backups:create", "rows:db")
    (local.base / "root/backups/keys/local").unlink()
    assert local.json("backups:create", "rows:db", status=1)["error"] == "key_lost"
    found = [one for one in local.json("doctor", status=1) if one["check"] == "backups"]
    assert [one["level"] for one in found] == ["error"] and "lost" in found[0]["message"]
    local.run("backups:target-add", "local", str(local.base.parent / "repository"), f"key={KEY}")
    local.run("backups:create", "rows:db")


def test_tables_that_do_not_parse_are_findings_and_never_empty(local: World) -> None:
    for path, name in (("backups/targets/local.toml", "target"), ("backups/schedules/rows=db.toml", "schedule")):
        if name == "schedule":
            local.run("backups:schedule", "rows:db", "0 3 * * *")
        kept = (local.base / "root" / path).read_bytes()
        (local.base / "root" / path).write_text("a = [\n")
        found = [one for one in local.json("doctor", status=1) if one["check"] == "backups"]
        assert any("does not parse" in one["message"] for one in found)
        local.run("backups:create", "rows:db", status=1)
        (local.base / "root" / path).write_bytes(kept)


def test_missing_restic_is_said_with_the_command_that_installs_it(
    local: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dokkupy_backups.repository.restic.PROGRAM", "restic-that-is-not-there")
    monkeypatch.setattr("dokkupy_backups.doctor.PROGRAM", "restic-that-is-not-there")
    assert "apt-get install restic" in local.run("backups:create", "rows:db", status=1)
    found = [one for one in local.json("doctor", status=1) if one["check"] == "backups"]
    assert any("apt-get install restic" in one["remedy"] for one in found)


@pytest.fixture
def small_disk(tmp_path: Path, template: Path) -> Iterator[Path]:
    where = tmp_path / "small"
    where.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(where)], check=True)
    try:
        subprocess.run(["cp", "-r", str(template), str(where / "repository")], check=True)
        yield where / "repository"
    finally:
        subprocess.run(["umount", str(where)], check=True)


def test_full_disk_at_the_target_is_said_and_nothing_is_listed(world: World, small_disk: Path) -> None:
    put_target(world.host, "local", small_disk)
    fill(world.base, "db", 120_000)
    assert world.json("backups:create", "rows:db", status=1)["error"] == "target_full"
    assert world.json("backups:list") == []
    fill(world.base, "db", 200)
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk.parent)], check=True)
    world.run("backups:create", "rows:db")
    assert len(world.snapshots()) == 2


def test_notification_that_fails_never_changes_the_result(local: World) -> None:
    local.plugin.deaf = True
    local.run("backups:create", "rows:db")
    assert "the mail server is down" in local.host.out.text()  # type: ignore[attr-defined]
    assert local.json("backups:list")[0]["state"] == "done"
    local.run("backups:verify", "rows:db")
    assert local.json("backups:list")[0]["state"] == "verified"


def test_target_that_takes_nothing_more_is_given_up(local: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts the connection and then says nothing."""
    monkeypatch.setattr("dokkupy_backups.repository.restic.PATIENCE", 1.0)
    real = Child.__init__

    def hanging(self: Child, argv: list[str], env: dict[str, str], **keywords: bool) -> None:
        real(self, ["sleep", "30"] if "backup" in argv else argv, env, **keywords)

    monkeypatch.setattr(Child, "__init__", hanging)
    assert local.json("backups:create", "rows:db", status=1)["error"] == "target_stuck"


def test_manifest_of_another_backup_is_not_believed(local: World) -> None:
    from dokkupy_backups.names import BackupId
    from dokkupy_backups.record.stored import require_record

    made = local.json("backups:create", "rows:db")
    record = require_record(local.host, BackupId(made["id"]))
    body = json.loads(record.body())
    with pytest.raises(Exception, match="belongs to another backup"):
        record.completed(json.dumps({**body, "sha256": "0" * 64}).encode())
    with pytest.raises(Exception, match="cannot be read"):
        record.completed(b"{}")


def test_child_that_is_not_there_is_a_fault_of_the_host() -> None:
    with pytest.raises(HostError, match="not installed"):
        Child(["/nowhere/restic"], {})


def test_no_scratch_is_left(local: World) -> None:
    local.run("backups:create", "rows:db")
    local.run("backups:verify", "rows:db")
    root = local.base / "root"
    assert not any((root / "tmp").glob("*/*")) if (root / "tmp").exists() else True
    assert list((root / "journal/open").iterdir()) == []
    assert [path for path in root.rglob("*") if path.name.endswith(".tmp")] == []
    assert all(path.stat().st_mode & 0o077 == 0 for path in (root / "backups").rglob("*") if path.is_file())
    assert os.stat(root / "backups").st_mode & 0o077 == 0
