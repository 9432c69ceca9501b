"""Targets of every kind, on real servers: made, opened by a fresh host, and failing in the middle."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins_builtin.backups.tests.conftest import World
from plugins_builtin.backups.tests.fake import fill, make_host
from plugins_builtin.backups.tests.servers import ACCESS, S3, SECRET, Rest, Sshd, rest_server


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    server = Sshd(tmp_path / "sshd")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def rest(tmp_path: Path) -> Iterator[Rest]:
    server = Rest(tmp_path / "rest", rest_server())
    server.start()
    yield server
    server.stop()


def public_key(said: str) -> str:
    """The line that a refused target asks to be put on the server."""
    lines = [line.partition(" !     ")[2] for line in said.splitlines() if " !     ssh-ed25519 " in line]
    assert len(lines) == 1, said
    return lines[0]


def fresh(world: World, base: Path) -> World:
    """Another machine, which has the subject and nothing in it."""
    other = World.__new__(World)
    other.base, other.capfd, other.said = base, world.capfd, world.said
    other.host, other.plugin = make_host(base)
    fill(base, "db", 1)
    return other


def round_trip(world: World, url: str, *credentials: str) -> None:
    """Backup, proof, and a restore by a machine that has nothing but the URL, the credentials and the key."""
    before = (world.base / "rows/db/rows").read_bytes()
    made = world.json("backups:create", "rows:db", "--target", "far")
    assert world.json("backups:verify", "rows:db")["state"] == "verified"
    key = world.run("backups:target-key", "far").strip()
    other = fresh(world, world.base.parent / "other")
    if url.startswith("sftp:"):
        for name in ("id_ed25519", "id_ed25519.pub"):
            target = other.base / "root/backups/ssh/far" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((world.base / "root/backups/ssh/far" / name).read_bytes())
            target.chmod(0o600)
    found = other.json("backups:target-add", "far", url, *credentials, f"key={key}")
    assert found == {"target": "far", "url": url, "made": False, "backups": 1}
    row = other.json("backups:list")[0]
    assert (row["id"], row["size"], row["subject"]) == (made["id"], made["size"], "rows:db")
    other.run("--force", "backups:restore", "rows:db", "--no-safety")
    assert (other.base / "rows/db/rows").read_bytes() == before
    assert other.json("backups:verify", "rows:db")["state"] == "verified"
    assert other.json("backups:info", row["id"][:8])["facts-after"]["rows: number"] == "5000"


def test_directory_round_trip_by_a_fresh_host(world: World, tmp_path: Path) -> None:
    url = str(tmp_path / "far")
    assert world.json("backups:target-add", "far", url)["made"] is True
    round_trip(world, url)


def test_s3_round_trip_by_a_fresh_host(world: World, s3: S3) -> None:
    words = (f"access-key={ACCESS}", f"secret-key={SECRET}")
    assert world.json("backups:target-add", "far", s3.url, *words)["made"] is True
    round_trip(world, s3.url, *words)


def test_wrong_secret_of_an_object_store_is_refused_and_adds_nothing(world: World, s3: S3) -> None:
    said = world.run("backups:target-add", "far", s3.url, f"access-key={ACCESS}", "secret-key=canary-wrong", status=1)
    assert "canary" not in said
    assert world.json("backups:target-list") == []
    world.run("backups:target-add", "far", s3.url, f"access-key={ACCESS}", f"secret-key={SECRET}")


def test_object_store_that_dies_in_the_middle_fails_the_backup(
    world: World, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run("backups:target-add", "far", s3.url, f"access-key={ACCESS}", f"secret-key={SECRET}")
    monkeypatch.setattr("dokkupy_backups.repository.restic.PATIENCE", 8.0)
    fill(world.base, "db", 5000)
    from plugins_builtin.backups.tests.fake import Rows

    real = Rows.dump

    def dying(self: Rows, write: object) -> None:
        s3.stop()
        real(self, write)  # type: ignore[arg-type]

    monkeypatch.setattr(Rows, "dump", dying)
    assert world.json("backups:create", "rows:db", status=1)["error"] in ("target_stuck", "restic_failed")
    monkeypatch.setattr(Rows, "dump", real)
    assert [one[1] for one in world.plugin.heard] == ["failed"]
    s3.start()
    monkeypatch.setattr("dokkupy_backups.repository.restic.PATIENCE", 120.0)
    world.run("backups:target-add", "far", s3.url)  # what it was given once is kept
    world.run("backups:create", "rows:db")
    assert len(world.snapshots(name="far")) == 2
    assert world.restic("list", "locks", name="far") == ""


def test_sftp_round_trip_by_a_fresh_host(world: World, sshd: Sshd) -> None:
    said = world.run("backups:target-add", "far", sshd.url, status=1)
    public = public_key(said)
    assert "SHA256:" in said and "authorized_keys" in said
    (sshd.directory / "authorized_keys").write_text(public + "\n")
    assert world.json("backups:target-add", "far", sshd.url)["made"] is True
    round_trip(world, sshd.url)


def test_server_with_another_host_key_is_refused_until_the_new_one_is_given(world: World, sshd: Sshd) -> None:
    said = world.run("backups:target-add", "far", sshd.url, status=1)
    public = public_key(said)
    (sshd.directory / "authorized_keys").write_text(public + "\n")
    world.run("backups:target-add", "far", sshd.url)
    sshd.stop()
    sshd.new_host_key()
    sshd.start()
    assert "different SSH host key" in world.run("backups:create", "rows:db", status=1)
    key = " ".join((sshd.directory / "host.pub").read_text().split()[:2])
    world.run("backups:target-add", "far", sshd.url, "--host-key", key)
    world.run("backups:create", "rows:db")


def test_rest_round_trip_by_a_fresh_host(world: World, rest: Rest) -> None:
    words = ("user=me", f"password={Rest.PASSWORD}")
    assert "canary" not in world.run(
        "backups:target-add", "far", rest.url, "user=me", "password=canary-wrong", status=1
    )
    assert world.json("backups:target-add", "far", rest.url, *words)["made"] is True
    round_trip(world, rest.url, *words)


def test_repository_with_another_key_is_not_taken_over(world: World, tmp_path: Path, template: Path) -> None:
    os.symlink(template, tmp_path / "far")
    assert "with its own key" in world.run("backups:target-add", "far", str(tmp_path / "far"), status=1)
    assert world.json("backups:target-list") == []


def test_wrong_key_does_not_take_the_right_one_s_place(local: World) -> None:
    url = local.json("backups:target-list")[0]["url"]
    right = local.run("backups:target-key", "local")
    local.run("backups:target-add", "local", url, "key=wrong", status=1)
    assert local.run("backups:target-key", "local") == right
    local.run("backups:target-check", "local")


def test_directory_that_cannot_be_written_is_refused(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    world.run("backups:target-add", "far", str(tmp_path / "file"), status=1)
    assert world.json("backups:target-list") == []
    assert "inside" in world.run("backups:target-add", "far", f"{world.host.root}/backups", status=1)


def test_target_of_a_schedule_or_of_the_only_backups_is_not_removed(local: World) -> None:
    local.run("backups:schedule", "rows:db", "0 3 * * *")
    assert "used by the schedules of rows:db" in local.run("backups:target-remove", "local", "--force", status=1)
    local.run("backups:unschedule", "rows:db")
    local.run("backups:create", "rows:db")
    assert "only backups of rows:db" in local.run("backups:target-remove", "local", status=1)
    local.run("backups:target-remove", "local", "--force")
    assert local.json("backups:target-list") == [] and local.json("backups:list") == []
    assert not (local.base / "root/backups/keys/local").exists()


def test_dry_runs_touch_nothing(local: World, tmp_path: Path) -> None:
    """A dry run has hooks of its own, without the fake plugin's: the subject is the host."""

    def tree() -> list[tuple[str, int]]:
        places = (local.base / "root/backups", tmp_path / "repository", local.base / "rows")
        return sorted((str(one), one.stat().st_mtime_ns) for place in places for one in place.rglob("*"))

    local.run("backups:create", "host")
    identifier = local.json("backups:list")[0]["id"][:8]
    before = tree()
    for words in (
        ("target-add", "new", str(tmp_path / "new")),
        ("target-check", "local"),
        ("create", "host"),
        ("verify", "host"),
        ("restore", "host"),
        ("delete", identifier),
        ("prune",),
        ("schedule", "host", "@daily"),
        ("target-remove", "local", "--force"),
        ("set", "safety-days", "3"),
    ):
        plan = local.json(f"backups:{words[0]}", *words[1:], "--dry-run")
        assert plan["dry_run"] and plan["plan"], words
    assert tree() == before
    assert not (tmp_path / "new").exists()


def test_restore_beside_and_by_time_and_across_names(local: World) -> None:
    local.run("backups:create", "rows:db")
    local.run("backups:restore", "rows:db", "--to", "copy")
    assert (local.base / "rows/copy/rows").read_bytes() == (local.base / "rows/db/rows").read_bytes()
    assert "exists" in local.run("backups:restore", "rows:db", "--to", "copy", status=1)
    assert "no complete backup" in local.run("--force", "backups:restore", "rows:db", "--at", "2020-01-01", status=1)
    fill(local.base, "copy", 3)
    identifier = local.json("backups:list", "rows:db")[0]["id"]
    local.run("--force", "backups:restore", "rows:copy", "--at", identifier)
    assert (local.base / "rows/copy/rows").read_bytes() == (local.base / "rows/db/rows").read_bytes()
    assert "cannot be restored" in local.run("--force", "backups:restore", "host", "--at", identifier, status=1)
    assert "called rows:gone" in local.run("--force", "backups:restore", "rows:gone", "--at", identifier, status=1)
