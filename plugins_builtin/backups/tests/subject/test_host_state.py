"""The subject `host`: what a machine needs to become this one, and nothing that opens its backups."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from dokkupy_backups.doctor import findings
from dokkupy_backups.schedule.due import local_now
from dokkupy_backups.subject import host_state
from dokkupy_backups.subject.host_state import HostState, invariants_of
from dokkupy_backups.subject.tar_stream import pack, unpack, walk
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.operation import operation
from dokkupy_sdk.state import PluginsFile

from plugins_builtin.backups.tests.conftest import KEY, World
from plugins_builtin.backups.tests.fake import make_host

#: git without the settings of this machine and user.
OWN_CONFIG = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}


def state(world: World) -> Path:
    """A host with apps, a release, keys, a repository, a certificate, an account and a service's record."""
    root, store = world.base / "root", world.host.store
    for app in ("blog", "shop"):
        store.write("apps", app, "app", data={"created_at": "2026-01-01T00:00:00Z"})
        store.write("apps", app, "config", data={"env": {"TOKEN": "canary-of-the-app"}})
    store.write("apps", "blog", "releases", "000001", data={"number": 1})
    store.write("apps", "blog", "releases", "000001", data={"number": 1, "image": "x"})
    store.write("global", "ssh-keys", data={"keys": {"alice": {"role": "admin"}}})
    store.write("services", "postgres", "db", data={"id": "1"})
    for path in (
        "apps/blog/tls/abc/key.pem",
        "letsencrypt/config/archive/blog/cert1.pem",
        "home/.ssh/authorized_keys",
        "cache/big",
        "locks/app_blog.lock",
        "tmp/x/secret",
        "builds/blog/y",
        "work/z",
        "logs/audit.log",
        "journal/open/1.jsonl",
        "journal/closed/2.jsonl",
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"content of {path}\n")
    live = root / "letsencrypt/config/live/blog"
    live.mkdir(parents=True)
    (live / "cert.pem").symlink_to("../../archive/blog/cert1.pem")
    subprocess.run(["git", "init", "-q", "--bare", str(root / "repos/blog.git")], check=True, env=OWN_CONFIG)
    (root / "apps/blog/tls/abc/key.pem").chmod(0o600)
    return root


def content(root: Path) -> dict[str, bytes]:
    own = ("backups", "journal", "logs", "locks", "cache", "tmp", "builds", "work")
    return {
        str(path.relative_to(root)): os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
        for path in sorted(root.rglob("*"))
        if (path.is_file() or path.is_symlink()) and path.relative_to(root).parts[0] not in own
    }


def archive(world: World) -> bytes:
    pieces: list[bytes] = []
    HostState(world.host).dump(pieces.append)
    return b"".join(pieces)


def test_host_is_backed_up_verified_and_rebuilt_on_another_machine(local: World, tmp_path: Path) -> None:
    root = state(local)
    local.host.store.write("global", "images", data={"recorded": {"dokkupy/host-programs:1": "sha256:old"}})
    os.unlink(root / "journal/open/1.jsonl")  # no operation was really interrupted
    local.run("backups:schedule", "host", "0 4 * * *")
    local.run("backups:create", "host")
    assert local.json("backups:verify", "host")["state"] == "verified"
    facts = local.json("backups:info", local.json("backups:list")[0]["id"])["facts-after"]
    assert (facts["apps: number"], facts["releases: number"], facts["ssh keys: number"]) == ("2", "1", "1")
    before = {path: one for path, one in content(root).items() if not path.startswith("global/images.toml")}

    other = World.__new__(World)
    other.base, other.capfd, other.said = tmp_path / "other", local.capfd, local.said
    other.host, other.plugin = make_host(other.base)
    url = local.json("backups:target-list")[0]["url"]
    assert other.json("backups:target-add", "rescue", url, f"key={KEY}", "--host-name", "here")["backups"] == 1
    other.run("--force", "backups:restore", "host")
    found = other.base / "root"
    # Which images its engine has built is true of each machine alone.
    assert content(found) == before
    assert (found / "apps/blog/tls/abc/key.pem").stat().st_mode & 0o777 == 0o600
    assert [str(app) for app in other.host.store.apps()] == ["blog", "shop"]
    assert (found / "logs/restored/audit.log").exists()
    assert sorted(one["target"] for one in other.json("backups:target-list")) == ["local", "rescue"]
    assert not (found / "backups/keys/local").exists() and (found / "backups/keys/rescue").exists()
    assert not (found / "backups/restore").exists() or not list((found / "backups/restore").iterdir())
    assert (
        subprocess.run(["git", "-C", str(found / "repos/blog.git"), "fsck"], check=False, env=OWN_CONFIG).returncode
        == 0
    )
    messages = [one.message for one in findings(other.host, local_now())]
    assert any("key of the target local is lost" in message for message in messages)


def test_archive_has_no_key_of_backups_and_nothing_that_passes(local: World) -> None:
    state(local)
    data = archive(local)
    names = tarfile.open(fileobj=io.BytesIO(data)).getnames()
    assert KEY.encode() not in data
    for part in ("cache", "locks", "tmp", "builds", "work", "journal/closed", "backups/keys"):
        assert not [name for name in names if name == part or name.startswith(part + "/")]
    assert "journal/open/1.jsonl" in names and "apps/blog/config.toml" in names


def test_archive_has_the_journal_of_an_interrupted_deploy_and_not_that_of_the_backup(local: World) -> None:
    local.host.store.save(PluginsFile())
    names: list[str] = []
    with operation(local.host, "backups:create", "backup:host") as backup, operation(local.host, "x", "app:x") as other:
        backup.save(PluginsFile(disabled=("x",)))
        with tarfile.open(fileobj=io.BytesIO(archive(local))) as tar:
            names += [name for name in tar.getnames() if backup.id in name or other.id in name]
    assert names == [f"journal/open/{other.id}.jsonl"]


def test_restore_over_apps_is_refused_unless_forced(local: World) -> None:
    state(local)
    subject = HostState(local.host)
    data = archive(local)
    with pytest.raises(Exception, match="the 2 apps"):
        subject.restore([data], {})
    local.host = local.host.for_invocation(force=True)
    shutil.rmtree(local.base / "root/apps/shop")
    local.host.store.write("apps", "new", "app", data={"created_at": "x"})
    HostState(local.host).restore([data], {})
    assert [str(app) for app in local.host.store.apps()] == ["blog", "shop"]


def test_restore_that_fails_leaves_the_state_as_it_was(local: World, monkeypatch: pytest.MonkeyPatch) -> None:
    root = state(local)
    data = archive(local)
    local.host = local.host.for_invocation(force=True)
    (root / "apps/blog/config.toml").write_text("changed = 1\n")
    before = content(root)
    subject = HostState(local.host)
    for bad in (data[: len(data) // 2], data[: len(data) // 3 + 100], b"", b"x" * 4096):
        with pytest.raises(Exception):  # noqa: B017 - whatever it is, nothing is changed
            subject.restore([bad], {})
            raise AssertionError("a bad archive was restored") if content(root) != before else HostError("empty")
        assert content(root) == before
    for number in range(1, 12):
        monkeypatch.setenv("DOKKUPY_FAILPOINT", f"fail@{number}")
        monkeypatch.setattr("dokkupy.kernel.failpoints._passed", 0)
        with pytest.raises(Exception, match="set to fail"):
            subject.restore([data], {})
        assert content(root) == before, number


def member(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = "", data: bytes = b"x"
) -> Callable[[tarfile.TarFile], None]:
    def add(tar: tarfile.TarFile) -> None:
        one = tarfile.TarInfo(name)
        one.type, one.linkname, one.size = kind, link, len(data) if kind == tarfile.REGTYPE else 0
        tar.addfile(one, io.BytesIO(data))

    return add


@pytest.mark.parametrize(
    "members",
    [
        [member("../evil")],
        [member("/etc/evil")],
        [member("a/../../evil")],
        [member("a/./b")],
        [member("")],
        [member("a", tarfile.SYMTYPE, "/etc"), member("a/evil")],
        [member("a", tarfile.SYMTYPE, "../..")],
        [member("a", tarfile.LNKTYPE, "/etc/passwd")],
        [member("a", tarfile.CHRTYPE)],
        [member("a", tarfile.FIFOTYPE)],
        [member("a"), member("a")],
        [member("d/a", tarfile.SYMTYPE, "../../x")],
        [member("in", tarfile.SYMTYPE, "sub"), member("in/through")],
    ],
)
def test_malicious_archives_are_refused_and_write_nothing_outside(
    tmp_path: Path, members: list[Callable[[tarfile.TarFile], None]]
) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for add in members:
            add(tar)
    inside = tmp_path / "deep" / "inside"
    inside.mkdir(parents=True)
    with pytest.raises((HostError, OSError)):
        unpack([buffer.getvalue()], str(inside))
    assert sorted(path.name for path in tmp_path.rglob("*") if "inside" not in path.parts) == ["deep"]
    assert not (tmp_path / "evil").exists() and not (tmp_path / "deep" / "evil").exists()


def test_setuid_and_owner_of_an_archive_are_not_taken_over(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        one = tarfile.TarInfo("a")
        one.mode, one.uid, one.size = 0o6755, 12345, 1
        tar.addfile(one, io.BytesIO(b"x"))
    unpack([buffer.getvalue()], str(tmp_path))
    found = (tmp_path / "a").stat()
    assert found.st_mode & 0o7777 == 0o755 and found.st_uid == os.geteuid()


def test_tree_packs_and_unpacks_awkward_names_and_sizes(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir(), target.mkdir()
    for name, size in (("a b\nc", 0), ("\udcff", 511), ("\u00fc" * 80, 512), ("x" * 200, 513), ("d/e/f", 3_000_000)):
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
    os.mkfifo(source / "fifo")
    pieces: list[bytes] = []
    pack(str(source), walk(str(source), lambda _: True), pieces.append)
    os.unlink(source / "fifo")
    unpack(pieces, str(target))
    assert {p.relative_to(source): p.read_bytes() for p in source.rglob("*") if p.is_file()} == {
        p.relative_to(target): p.read_bytes() for p in target.rglob("*") if p.is_file()
    }


def test_links_that_lead_out_of_the_state_are_left_out_and_said(local: World) -> None:
    root = state(local)
    (root / "apps/blog/out").symlink_to("/etc/passwd")
    names = tarfile.open(fileobj=io.BytesIO(archive(local))).getnames()
    assert "apps/blog/out" not in names
    assert "apps/blog/out points outside" in local.host.out.text()  # type: ignore[attr-defined]


def test_state_that_does_not_parse_is_not_verified(local: World) -> None:
    root = state(local)
    (root / "apps/blog/config.toml").write_text("a = [\n")
    with pytest.raises(Exception, match="does not parse"):
        HostState(local.host).verify([archive(local)], {})
    assert invariants_of(str(root))["apps: number"] == "2"


def test_a_directory_that_cannot_be_renamed_moves_piece_by_piece_and_goes_on_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the lower layer of an overlay, which the container of a machine has."""
    source, target = tmp_path / "state", tmp_path / "old"
    for name in ("a/b/one", "a/two", "three"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    os.chmod(source / "a", 0o710)
    real, moved = os.rename, 0

    def rename(old: str, new: str) -> None:
        nonlocal moved
        if os.path.isdir(old):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        moved += 1
        if moved == 2:
            raise KeyboardInterrupt
        real(old, new)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(KeyboardInterrupt):
        host_state.move(str(source), str(target))
    host_state.move(str(source), str(target))
    assert not source.exists() and (target / "a").stat().st_mode & 0o777 == 0o710
    assert [(target / name).read_text() for name in ("a/b/one", "a/two", "three")] == ["a/b/one", "a/two", "three"]


def test_archive_that_was_cut_anywhere_is_refused(tmp_path: Path) -> None:
    """Python's tarfile takes one that ends between two members, or in Debian 12 within a header, for a whole one."""
    (tmp_path / "from").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "from" / name).write_bytes(b"x" * 700)
    pieces: list[bytes] = []
    pack(str(tmp_path / "from"), walk(str(tmp_path / "from"), lambda _: True), pieces.append)
    data = b"".join(pieces)
    end = -(-len(data.rstrip(b"\0")) // 512) * 512 + 1024
    for cut in (*range(1, end, 61), *range(512, end, 512)):
        with pytest.raises(HostError):
            unpack([data[:cut]], str(tmp_path / f"to-{cut}"))
    assert unpack([data[:end]], str(tmp_path / "whole")) == 3
