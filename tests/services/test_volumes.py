"""What an app keeps in docker volumes: backed up, proven, restored over what is there, and back after a failure."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from bed import images
from dokkupy_backups.subject import app_volumes
from dokkupy_backups.subject.app_volumes import AppVolumes, volumes_in
from dokkupy_sdk.errors import DokkupyError, HostError
from dokkupy_sdk.names import AppName
from dokkupy_storage.directories.directory import storage_root

from plugins_builtin.backups.tests.restic_repository import KEY, make
from tests.services.conftest import Machine

FILL = """
cd /v && mkdir -p 'a b/ü' && printf 'x\\0y' >'a b/ü/☃
line' && ln -s /etc/passwd link && chmod 4711 . && head -c 300000 /dev/urandom >big && chown 12345:54321 big
"""


@pytest.fixture
def names() -> Iterator[tuple[str, str]]:
    found = (f"vt-{secrets.token_hex(3)}-a", f"vt-{secrets.token_hex(3)}-b")
    yield found
    for name in found:
        subprocess.run(["docker", "volume", "rm", "-f", name], check=False, capture_output=True)


def inside(name: str, script: str) -> str:
    words = [
        "docker",
        "run",
        "--rm",
        "--pull=never",
        "-v",
        f"{name}:/v",
        images.debian("bookworm"),
        "sh",
        "-euc",
        script,
    ]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def mounted(machine: Machine, names: tuple[str, str]) -> AppVolumes:
    machine.run("apps:create", "blog")
    table = {"phases": {"deploy": [f"-v {names[0]}:/data", f"--mount type=volume,source={names[1]},target=/more"]}}
    machine.host.store.write("apps", "blog", "docker-options", data=table)
    inside(names[0], FILL)
    inside(names[1], "echo kept >/v/file")
    return AppVolumes(machine.host, AppName("blog"))


def test_volumes_are_distinguished_from_other_mounts() -> None:
    words = [
        "-v",
        "one:/a",
        "--volume=two:/b:ro",
        "-v",
        "/etc:/etc",
        "--mount",
        "type=bind,source=/x,target=/y",
        "--mount=type=volume,src=three,dst=/z",
        "--memory",
        "1g",
        "-v",
        "x;y:/q",
        "-v",
    ]
    assert volumes_in(words) == ["one", "three", "two"]


def test_volumes_are_backed_up_proven_and_restored(
    machines: tuple[Machine, Machine], tmp_path: Path, names: tuple[str, str]
) -> None:
    first, _ = machines
    subject = mounted(first, names)
    before = dict(subject.invariants())
    first.run("backups:target-add", "far", str(make(tmp_path / "repository")), f"key={KEY}")
    first.run("backups:create", "app:blog")
    assert first.json("backups:verify", "app:blog")["state"] == "verified"
    listed = inside(names[0], "cd /v && find . -printf '%p %m %U %G %s %l\\n' | sort && sha256sum big")
    inside(names[0], "rm -rf /v/*; echo other >/v/new; chmod 755 /v")
    inside(names[1], "rm /v/file")
    first.run("--force", "backups:restore", "app:blog", "--no-safety")
    assert inside(names[0], "cd /v && find . -printf '%p %m %U %G %s %l\\n' | sort && sha256sum big") == listed
    assert inside(names[1], "cat /v/file; ls -A /v") == "kept\nfile\n"
    assert dict(subject.invariants()) == before
    assert first.host.volumes().find_all({"dokkupy.kind": "staged"}) == []


def test_a_directory_of_the_host_is_backed_up_and_restored_with_the_volumes(
    machines: tuple[Machine, Machine], tmp_path: Path, names: tuple[str, str]
) -> None:
    first, _ = machines
    subject = mounted(first, names)
    root = Path(storage_root(first.host))
    root.mkdir(parents=True)
    first.run("storage:create", "uploads")
    first.run("storage:mount", "blog", "uploads", "--container-dir", "/uploads")
    (tmp_path / "shared").mkdir()
    first.run("storage:mount", "blog", f"{tmp_path / 'shared'}:/shared:ro")
    (tmp_path / "shared" / "read").write_text("others'")
    inside(str(root / "uploads"), FILL)
    assert set(subject.there()) == {*names, "_uploads"}
    before = dict(subject.invariants())
    pieces: list[bytes] = []
    subject.dump(pieces.append)
    about = subject.describe()
    inside(str(root / "uploads"), "rm -rf /v/*; echo other >/v/new")
    subject.restore([b"".join(pieces)], about)
    assert dict(subject.invariants()) == before
    assert not (root / "uploads" / "new").exists()
    inside(str(tmp_path), "rm -rf /v/dokku")  # as on a new host, whose state came back
    root.mkdir(parents=True)
    subject.restore([b"".join(pieces)], about)
    assert dict(subject.invariants()) == before
    inside(str(tmp_path), "rm -rf /v/dokku")


def test_a_restore_that_fails_leaves_what_was_there(
    machines: tuple[Machine, Machine], names: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = machines
    subject = mounted(first, names)
    pieces: list[bytes] = []
    subject.dump(pieces.append)
    whole, about, before = b"".join(pieces), subject.describe(), dict(subject.invariants())
    subject.check(whole[:65536], whole[-65536:], len(whole))
    inside(names[1], "echo changed >/v/file")
    after = dict(subject.invariants())
    assert after != before
    for bad in (whole[: len(whole) // 2], b"no archive" * 100):
        with pytest.raises(DokkupyError):
            subject.check(bad[:65536], bad[-65536:], len(bad))
        with pytest.raises(DokkupyError):
            subject.restore([bad], about)
        assert dict(subject.invariants()) == after
    # It ends in the middle of the swap: the first volume has the new content, the second none.
    stop = f'[ "$one" != {max(names)} ] || exit 3; cp -a'
    monkeypatch.setattr(app_volumes, "SWAP", app_volumes.SWAP.replace("cp -a", stop))
    with pytest.raises(HostError, match="could not be replaced"):
        subject.restore([whole], about)
    assert dict(subject.invariants()) == after and inside(names[1], "cat /v/file; ls -A /v") == "changed\nfile\n"
    monkeypatch.undo()
    subject.restore([whole], about)
    assert dict(subject.invariants()) == before
