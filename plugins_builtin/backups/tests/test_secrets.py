"""A canary in every secret: in no output, no argv, no journal, no record, no dump of the state."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from dokkupy_sdk.testing.processes import descendants

from plugins_builtin.backups.tests.conftest import World
from plugins_builtin.backups.tests.fake import set_fault
from plugins_builtin.backups.tests.servers import S3, Rest, rest_server

CANARIES = (
    "canary-secret-of-the-object-store",
    "AKIACANARYACCESS",
    "canary/pass word@rest",
    "canary%2Fpass",
    "canary-key",
)


class Watch(threading.Thread):
    """Samples the argv of every process that this one starts."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[str] = set()
        self.going = True

    def run(self) -> None:
        while self.going:
            for pid in descendants(os.getpid()):
                try:
                    text = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                except OSError:
                    continue
                if text.startswith("restic") or "ssh" in text:
                    self.seen.add(text)
            time.sleep(0.01)


def test_no_secret_shows_anywhere(world: World, s3: S3, tmp_path: Path) -> None:
    program = rest_server()
    rest = Rest(tmp_path / "rest", program) if program else None
    watch = Watch()
    watch.start()
    try:
        words = ["access-key=AKIACANARYACCESS", "secret-key=canary-secret-of-the-object-store", "key=canary-key-1"]
        world.run("backups:target-add", "s3", s3.url, *words)
        world.json("backups:target-add", "s3", s3.url, words[0], "secret-key=canary-key-wrong", status=1)
        if rest:
            rest.start()
            world.run(
                "backups:target-add", "rest", rest.url, "user=me", f"password={Rest.PASSWORD}", "key=canary-key-2"
            )
        for target in ("s3", *(["rest"] if rest else [])):
            world.run("backups:create", "rows:db", "--target", target)
            world.run("backups:verify", "rows:db", "--target", target)
        set_fault(world.base, "db", "raise")
        world.run("backups:create", "rows:db", "--target", "s3", status=1)
        for command in ("list", "report", "target-list"):
            world.run(f"backups:{command}")
            world.json(f"backups:{command}")
        if rest:
            rest.stop()
            world.json("backups:target-check", "rest", status=1)
    finally:
        watch.going = False
        if rest and rest.process.poll() is None:
            rest.stop()
    assert len(watch.seen) > 3
    root = world.base / "root"
    kept = {
        root / "backups/keys/s3",
        root / "backups/keys/rest",
        root / "backups/targets/s3.toml",
        root / "backups/targets/rest.toml",
        root / "backups/targets/s3.toml.previous",
    }
    heard = (world.base / "heard").read_text()
    places = {"argv": "\n".join(watch.seen), "output": "\n".join(world.said), "observers": heard}
    places |= {
        str(path): path.read_bytes().decode(errors="replace")
        for path in root.rglob("*")
        if path.is_file() and path not in kept and "cache" not in path.parts
    }
    for name, text in places.items():
        for canary in CANARIES:
            assert canary not in text, (name, canary)
    assert (root / "logs/audit.log").read_text().count("backups:target-add") >= 2


def test_credentials_may_come_by_standard_input(world: World, tmp_path: Path) -> None:
    import io
    import sys

    url = str(tmp_path / "repository")
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfkey=canary-key-3\r\n\r\n"))
    try:
        world.run("backups:target-add", "local", url, "--stdin")
    finally:
        sys.stdin = before
    assert world.run("backups:target-key", "local") == "canary-key-3\n"


def test_key_is_asked_to_be_saved_until_it_was_shown(world: World, tmp_path: Path) -> None:
    said = world.run("backups:target-add", "local", str(tmp_path / "repository"))
    assert "target-key" in said
    assert any("exists only on this host" in one["message"] for one in world.json("doctor", status=1))
    key = world.run("backups:target-key", "local").strip()
    assert len(key) >= 40 and key not in said
    assert not any("exists only on this host" in one["message"] for one in world.json("doctor", status=1))
    assert world.run("backups:target-key", "local").strip() == key


def test_key_that_was_given_is_not_asked_to_be_saved(world: World, tmp_path: Path) -> None:
    world.run("backups:target-add", "local", str(tmp_path / "repository"), "key=canary-key-4")
    assert not any("exists only on this host" in one["message"] for one in world.json("doctor", status=1))
