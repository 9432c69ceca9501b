"""A host is lost, and another machine is restored from a backup repository and its key."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from apps import Repository
from bed import cleanup
from bed.host import Host
from test_datastores import NOTES, notes, offered, post

from tests.e2e.conftest import MakeHost

TARGET = "/srv/backups"
NAME = "notes.example.com"
KEYS = "/etc/dokkupy/secrets.keys"


def test_lost_host_is_restored_on_another_machine(
    fresh_host: Host, make_host: MakeHost, installed_snapshot: tuple[str, str], tmp_path: Path
) -> None:
    old = fresh_host
    offered(old, "postgres:15")
    old.exec(["dokkupy", "apps:create", "notes"])
    old.exec(["dokkupy", "domains:set", "notes", NAME])
    old.exec(["dokkupy", "config:set", "notes", "COLOR=canary-blue"])
    old.exec(["dokkupy", "postgres:create", "db", "-I", "15"])
    old.exec(["dokkupy", "postgres:link", "db", "notes"])
    old.git_push(Repository(tmp_path / "app", NOTES).path, "notes")
    assert post(old, NAME, "kept") == 200
    old.exec(["install", "-d", "-o", "dokkupy", "-g", "dokkupy", "-m", "700", TARGET])
    old.exec(["dokkupy", "backups:target-add", "disk", TARGET])
    old.exec(["dokkupy", "backups:schedule", "postgres:db", "30 3 * * *", "--keep-daily", "7"])
    for subject in ("postgres:db", "host"):
        old.exec(["dokkupy", "backups:create", subject])
        old.exec(["dokkupy", "backups:verify", subject])
    key = old.exec(["dokkupy", "backups:target-key", "disk"]).stdout.strip()
    kept = subprocess.run(["docker", "exec", old.name, "tar", "-C", TARGET, "-c", "."], capture_output=True, check=True)
    # the repository cannot be read without its key
    assert b"kept" not in kept.stdout and b"notes.example.com" not in kept.stdout
    keys = old.exec(["cat", KEYS]).stdout
    old.close()

    tag, seed = installed_snapshot
    assert seed == cleanup.seed_of(tag)
    new = make_host(tag, "second", seed)
    new.engine_ready()
    offered(new, "postgres:15")
    new.exec(["install", "-d", "-o", "dokkupy", "-g", "dokkupy", "-m", "700", TARGET])
    new.exec(["tar", "-C", TARGET, "-x"], input=kept.stdout)
    new.exec(["chown", "-R", "dokkupy:dokkupy", TARGET])
    # Both machines start from one snapshot, so the new one gets its own key and loses that of the old one.
    new.exec(["rm", KEYS])
    new.exec(["dokkupy", "setup"])
    assert new.exec(["cat", KEYS]).stdout != keys
    started = time.monotonic()
    # Each machine has its own name, and the repository has the name of the old one.
    new.exec(["dokkupy", "backups:target-add", "disk", TARGET, "--stdin", "--host-name", "fresh"], input=f"key={key}\n")
    new.exec(["dokkupy", "--force", "backups:restore", "host"])
    recovered = new.exec(["dokkupy", "recover"], check=False)
    assert (
        "The data of postgres:db is missing" in recovered.output and "backups:restore postgres:db" in recovered.output
    )
    new.exec(["dokkupy", "backups:restore", "postgres:db"])
    new.exec(["dokkupy", "ps:rebuild", "notes"])
    print(f"\nrebuilt in {time.monotonic() - started:.1f} s")
    assert notes(new, NAME) == ["kept"] and post(new, NAME, "and more") == 200
    assert new.exec(["dokkupy", "config:get", "notes", "COLOR"]).stdout.strip() == "canary-blue"
    assert new.exec(["grep", "-rl", "canary-blue", "/var/lib/dokkupy/apps"], check=False).stdout == ""
    assert "values are encrypted" in new.exec(["dokkupy", "doctor"], check=False).stdout
    report = new.exec(["dokkupy", "backups:report", "postgres:db"]).stdout
    assert "30 3 * * *" in report
    # The SSH keys are restored, so everyone who could push to the old machine can push to the new one.
    assert "e2e" in new.exec(["dokkupy", "ssh-keys:list"]).stdout
