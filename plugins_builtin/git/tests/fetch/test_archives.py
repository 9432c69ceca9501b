"""Archives, honest and untrusted, through the whole of `git:from-archive`."""

from __future__ import annotations

import gzip
import http.server
import io
import os
import struct
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dokkupy_git.fetch import deploy as bring
from dokkupy_git.fetch import download
from dokkupy_git.repository.bare import Repository
from dokkupy_git.repository.reach import fetch_settings
from dokkupy_git.settings import guard
from dokkupy_git.urls import parse_remote
from dokkupy_sdk.errors import AppError, HostError, UserError
from dokkupy_sdk.names import AppName

from plugins_builtin.git.tests.conftest import World

BLOG = AppName("blog")
Make = Callable[[tarfile.TarFile], None]


def tar_of(make: Make, mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:  # type: ignore[call-overload]
        make(tar)
    return out.getvalue()


def add(tar: tarfile.TarFile, name: str, data: bytes = b"x", **facts: object) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for key, value in facts.items():
        setattr(member, key, value)
    if member.type != tarfile.REGTYPE:
        member.size = 0
    tar.addfile(member, io.BytesIO(data) if member.type == tarfile.REGTYPE else None)


def deploy(world: World, monkeypatch: pytest.MonkeyPatch, data: bytes, kind: str = "") -> str:
    if not world.host.store.has_app(BLOG):
        world.make_app()
    read, write = os.pipe()
    threading.Thread(target=feed, args=(write, data)).start()
    monkeypatch.setattr("sys.stdin", open(read))  # noqa: SIM115
    try:
        return bring.deploy_archive(world.host, BLOG, "--", "", "", kind)
    finally:
        import sys

        sys.stdin.close()


def feed(fd: int, data: bytes) -> None:
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(fd, view[: 1 << 16]) :]
    except BrokenPipeError:
        pass  # refused before its end
    finally:
        os.close(fd)


def honest(tar: tarfile.TarFile) -> None:
    add(tar, "app-1.0/Dockerfile", b"FROM scratch\n")
    add(tar, "app-1.0/run.sh", b"#!/bin/sh\n", mode=0o4755)
    add(tar, "app-1.0/link", type=tarfile.SYMTYPE, linkname="/etc/shadow")
    add(tar, "app-1.0/odd\nname'\"\\", b"odd")
    add(tar, "app-1.0/copy", type=tarfile.LNKTYPE, linkname="app-1.0/Dockerfile")


EXPECTED = {
    "Dockerfile": "FROM scratch\n",
    "run.sh": "#!/bin/sh\n",
    "link": "/etc/shadow",
    "odd\nname'\"\\": "odd",
    "copy": "FROM scratch\n",
}


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_tar_is_committed_and_deployed_without_its_outer_directory(
    world: World, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    commit = deploy(world, monkeypatch, tar_of(honest, mode))
    assert world.deployed["files"] == EXPECTED
    assert world.deployed["kind"] == "git:from-archive"
    assert Repository(world.host, BLOG).ref("refs/heads/master") == commit
    assert world.leftovers() == []


def test_zip_is_committed_and_deployed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Dockerfile", "FROM scratch\n")
        archive.writestr("dir/a", "a" * 1000)
        link = zipfile.ZipInfo("link")
        link.create_system = 3
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "../outside")
    deploy(world, monkeypatch, out.getvalue())
    assert world.deployed["files"] == {"Dockerfile": "FROM scratch\n", "dir/a": "a" * 1000, "link": "../outside"}


def test_same_archive_again_changes_nothing_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = deploy(world, monkeypatch, tar_of(honest))
    with pytest.raises(UserError, match="No changes detected, skipping git commit") as caught:
        deploy(world, monkeypatch, tar_of(honest, "w:gz"))
    assert caught.value.exit_code == 1
    assert Repository(world.host, BLOG).ref("refs/heads/master") == first
    assert world.leftovers() == []


def test_failed_build_leaves_the_branch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = deploy(world, monkeypatch, tar_of(honest))
    with pytest.raises(AppError):
        deploy(world, monkeypatch, tar_of(lambda tar: add(tar, "FAIL")))
    assert Repository(world.host, BLOG).ref("refs/heads/master") == first
    assert world.leftovers() == []


def test_history_grows_by_archives(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = deploy(world, monkeypatch, tar_of(honest))
    second = deploy(world, monkeypatch, tar_of(lambda tar: add(tar, "a", b"2")))
    done = Repository(world.host, BLOG).git("log", "--format=%H %an <%ae>", second)
    assert done.stdout.splitlines() == [f"{second} Dokku <automated@dokku.sh>", f"{first} Dokku <automated@dokku.sh>"]
    assert world.deployed["files"] == {"a": "2"}


def through_a_link(tar: tarfile.TarFile) -> None:
    add(tar, "a", type=tarfile.SYMTYPE, linkname="/tmp")  # noqa: S108
    add(tar, "a/evil", b"x")


def link_over_a_directory(tar: tarfile.TarFile) -> None:
    add(tar, "a/evil", b"x")
    add(tar, "a", type=tarfile.SYMTYPE, linkname="/tmp")  # noqa: S108


def twice(tar: tarfile.TarFile) -> None:
    add(tar, "a", b"1")
    add(tar, "./a", b"2")


def many(tar: tarfile.TarFile) -> None:
    for number in range(11):
        add(tar, f"f{number}")


def sparse(tar: tarfile.TarFile) -> None:
    member = tarfile.TarInfo("hole")
    member.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "hole",
        "GNU.sparse.realsize": "1099511627776",
    }
    member.size = 512
    tar.addfile(member, io.BytesIO(b"0\n".ljust(512, b"\0")))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda tar: add(tar, "../evil"), "leaves the archive"),
        (lambda tar: add(tar, "a/../../evil"), "leaves the archive"),
        (lambda tar: add(tar, "/etc/evil"), "absolute path"),
        (through_a_link, "below 'a', which is a link"),
        (link_over_a_directory, "twice"),
        (twice, "twice"),
        (lambda tar: add(tar, "d", type=tarfile.CHRTYPE), "special file"),
        (lambda tar: add(tar, "d", type=tarfile.BLKTYPE), "special file"),
        (lambda tar: add(tar, "d", type=tarfile.FIFOTYPE), "special file"),
        (lambda tar: add(tar, "h", type=tarfile.LNKTYPE, linkname="/etc/shadow"), "absolute path"),
        (lambda tar: add(tar, "h", type=tarfile.LNKTYPE, linkname="none"), "to no earlier file"),
        (lambda tar: add(tar, ".GIT/config"), "read as .git"),
        (lambda tar: add(tar, "x/git~1/config"), "read as .git"),
        (lambda tar: add(tar, "a/" * 600 + "b"), "too long"),
        (lambda tar: add(tar, "n" * 5000), "too long"),
        (sparse, "sparse|not a valid"),
        (lambda tar: add(tar, ".git/hooks/post-checkout"), "has no files"),
        (many, "more than 10 entries"),
        (lambda tar: add(tar, "big", b"0" * 300_000), "more than 200000 bytes"),
    ],
)
@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_malicious_tars_are_refused_whole(
    world: World, monkeypatch: pytest.MonkeyPatch, make: Make, reason: str, mode: str
) -> None:
    world.host.store.write(
        "global", "git", data={"properties": {"archive-max-files": "10", "archive-max-size": "200000"}}
    )
    with pytest.raises(UserError, match=reason):
        deploy(world, monkeypatch, tar_of(make, mode))
    assert world.deployed == {}
    assert Repository(world.host, BLOG).ref("refs/heads/master") == ""
    assert world.leftovers() == []


def test_huge_header_is_refused_before_it_is_in_memory(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pax header that says it has 900 MB, in a gzip of less than a megabyte."""
    member = tarfile.TarInfo("pax")
    member.type = tarfile.XHDTYPE
    member.size = 900_000_000
    data = member.tobuf(tarfile.USTAR_FORMAT) + b"\0" * 50_000_000
    with pytest.raises(UserError, match="a header of more than 1 MiB"):
        deploy(world, monkeypatch, gzip.compress(data, 1))


def test_gzip_bomb_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.host.store.write("global", "git", data={"properties": {"archive-max-size": "1000000"}})
    data = tar_of(lambda tar: add(tar, "zeros", b"\0" * 90_000_000))
    packed = gzip.compress(data, 9)
    assert len(packed) < 200_000
    with pytest.raises(UserError, match="unpacks to more than"):
        deploy(world, monkeypatch, packed)


def zip_of(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return out.getvalue()


def test_malicious_zips_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.host.store.write("global", "git", data={"properties": {"archive-max-size": "1000000"}})
    lying = bytearray(zip_of(a=b"\0" * 5_000_000))
    at = lying.rfind(b"PK\x01\x02")
    lying[at + 24 : at + 28] = struct.pack("<L", 10)  # the directory says ten bytes
    many = bytearray(zip_of(a=b"1"))
    at = many.rfind(b"PK\x05\x06")
    many[at + 8 : at + 12] = struct.pack("<HH", 60000, 60000)
    evil = io.BytesIO()
    with zipfile.ZipFile(evil, "w") as archive:
        archive.writestr("../evil", "x")
    bare = io.BytesIO()
    with zipfile.ZipFile(bare, "w") as archive:
        archive.writestr("a", "1")
    encrypted = bytearray(bare.getvalue())
    encrypted[6] |= 1
    encrypted[encrypted.rfind(b"PK\x01\x02") + 8] |= 1
    for data, reason in (
        (zip_of(a=b"\0" * 5_000_000), "unpacks to more than"),
        (bytes(lying), "not a valid zip|longer"),
        (bytes(many), "more than 10000 entries"),
        (evil.getvalue(), "leaves the archive"),
        (bytes(encrypted), "encrypted"),
        (b"PK\x03\x04 cut off", "its directory is missing"),
        (zip_of(a=b"1")[:40], "its directory is missing"),
    ):
        with pytest.raises(UserError, match=reason):
            deploy(world, monkeypatch, data)
    assert world.deployed == {}
    assert world.leftovers() == []


@pytest.mark.parametrize("data", [b"no archive at all", b"\x1f\x8b nonsense", tar_of(honest)[:700], b""])
def test_what_is_no_archive_is_refused(world: World, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    with pytest.raises(UserError):
        deploy(world, monkeypatch, data)
    assert world.deployed == {}


def test_unknown_type_is_named_with_the_known_ones(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"tar, tar\.gz, zip"):
        deploy(world, monkeypatch, b"x", kind="rar")


# download


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/redirect"):
            self.send_response(302)
            self.send_header("Location", self.path.partition("to=")[2])
            self.end_headers()
            return
        if not self.path.startswith("/app.tar"):
            self.send_error(404)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(tar_of(honest))

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def web() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_archive_is_downloaded_and_its_token_is_not_kept(world: World, web: str) -> None:
    world.make_app()
    bring.deploy_archive(world.host, BLOG, f"{web}/redirect?to={web}/app.tar%3ftoken=canary", "", "", "")
    assert world.deployed["files"] == EXPECTED
    assert "canary" not in world.deployed["metadata"]
    message = Repository(world.host, BLOG).git("log", "-1", "--format=%B", "master").stdout
    assert "canary" not in message


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/a",
        "/etc/passwd",
        "http://",
        "http://a b/",
        "http://x\n/",
        "-x",
        "gopher://127.0.0.1/",
        "http://[::1",
        "data:,x",
    ],
)
def test_only_http_urls_are_fetched(world: World, url: str) -> None:
    world.make_app()
    with pytest.raises(UserError):
        bring.deploy_archive(world.host, BLOG, url, "", "", "")


def test_redirect_to_a_file_is_refused(world: World, web: str) -> None:
    world.make_app()
    with pytest.raises((UserError, HostError)):
        bring.deploy_archive(world.host, BLOG, f"{web}/redirect?to=file:///etc/passwd", "", "", "")
    assert world.deployed == {}


def test_missing_archive_names_the_status(world: World, web: str) -> None:
    world.make_app()
    with pytest.raises(UserError, match="status 404"):
        bring.deploy_archive(world.host, BLOG, f"{web}/nope", "", "", "")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_host_itself_is_closed_to_an_ssh_key(world: World, web: str, name: str) -> None:
    world.make_app()
    world.host = world.host.for_invocation(who="key:alice")
    port = web.rpartition(":")[2]
    with pytest.raises(UserError, match="SSH keys may not fetch"):
        bring.deploy_archive(world.host, BLOG, f"http://{name}:{port}/app.tar", "", "", "")
    assert world.deployed == {}


@pytest.mark.parametrize("address", ["10.208.1.3", "192.168.1.5", "169.254.169.254", "100.64.0.1"])
def test_private_networks_are_closed_to_an_ssh_key(world: World, address: str) -> None:
    world.make_app()
    world.host = world.host.for_invocation(who="key:alice")
    with pytest.raises(UserError, match="SSH keys may not fetch"):
        bring.deploy_archive(world.host, BLOG, f"http://{address}:5000/app.tar", "", "", "")


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/x.git", "https://10.208.1.3:5000/x.git", "ssh://git@192.168.1.5/x.git", "git@[::1]:x.git"],
)
def test_repositories_of_private_networks_are_closed_to_an_ssh_key(world: World, url: str) -> None:
    world.make_app()
    world.host = world.host.for_invocation(who="key:alice")
    with pytest.raises(UserError, match="SSH keys may not fetch"):
        bring.sync_app(world.host, BLOG, url, None, build=False, if_changes=False, keep_branch=False)


def test_admin_opens_a_private_network_for_every_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.host.store.write("global", "git", data={"properties": {"allowed-networks": "10.1.0.0/16,fd00::/8"}})
    world.host = world.host.for_invocation(who="key:alice")
    permitted = guard(world.host)
    assert permitted.permits("10.1.2.3") and permitted.permits("fd00::1") and not permitted.permits("10.2.0.1")
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("10.1.2.3", 443))])
    remote = parse_remote("https://git.example.com/x.git", protocols=("https",), local=False)
    assert fetch_settings(world.host, remote).config == {
        "http.curloptResolve": "git.example.com:443:10.1.2.3",
        "http.followRedirects": "false",
    }


def test_host_itself_is_open_to_an_admin_s_key(world: World, web: str) -> None:
    world.make_app()
    world.host.store.write("global", "ssh-keys", data={"keys": {"ci": {"role": "admin"}}})
    world.host = world.host.for_invocation(who="key:ci")
    with pytest.raises(UserError, match="status 404"):
        bring.deploy_archive(world.host, BLOG, f"{web}/nope", "", "", "")


def test_download_stops_at_the_limit(world: World, web: str) -> None:
    world.make_app()
    world.host.store.write("global", "git", data={"properties": {"archive-max-size": "1000"}})
    with pytest.raises(UserError, match="more than 1000 bytes"):
        bring.deploy_archive(world.host, BLOG, f"{web}/app.tar", "", "", "")


def test_spool_has_no_name_on_the_disk(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open(tmp_path / "a", "w+") as file:
        file.write("x")
        file.seek(0)
        monkeypatch.setattr("sys.stdin", file)
        with download.obtain(world.host, "--", 100) as spooled:
            assert spooled.read() == b"x"
            assert os.listdir(world.root / "tmp") == []
