"""Code from elsewhere: `git:sync`, images, credentials; and the commands around them."""

from __future__ import annotations

import base64
import http.server
import io
import json
import os
import stat
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from dokkupy_git.fetch import credentials
from dokkupy_git.fetch import deploy as bring
from dokkupy_git.fetch.sync import choose
from dokkupy_git.repository import program
from dokkupy_git.repository.bare import Repository
from dokkupy_git.repository.logins import logins
from dokkupy_git.repository.reach import fetch_settings
from dokkupy_git.settings import deploy_branch
from dokkupy_git.urls import parse_remote, relative_to
from dokkupy_sdk import Host, registry_access
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import NotFound, UserError
from dokkupy_sdk.execute import execute
from dokkupy_sdk.model import RegistryLogin
from dokkupy_sdk.names import AppName, GitRef, ImageRef, Secret

from plugins_builtin.git.tests.conftest import Client, World

BLOG = AppName("blog")


def run(world: World, *words: str, who: str = "tester") -> int:
    host = Host(str(world.root), who=who)
    host.override_role("engine", "fake", world.host.engine())
    return main(list(words), who=who, host=host)


def head(world: World, branch: str = "master") -> str:
    return Repository(world.host, BLOG).ref(f"refs/heads/{branch}")


@pytest.fixture
def upstream(tmp_path: Path, world: World) -> Client:
    world.make_app()
    made = Client(tmp_path / "upstream", world.root)
    made.git("checkout", "-q", "-b", "main")
    made.commit({"a": "1"})
    return made


# URLs


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.git",
        "https://example.com:8443/a",
        "ssh://git@example.com:2222/a",
        "git@example.com:a/b.git",
        "git://example.com/a",
        "ssh://git@[::1]/a",
    ],
)
def test_ordinary_urls_are_accepted(url: str) -> None:
    assert parse_remote(url, protocols=("https", "ssh", "git"), local=False).url == url


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c id",
        "ext::id",
        "--upload-pack=id",
        "-oProxyCommand=id",
        "ssh://-oProxyCommand=id/x",
        "file:///etc",
        "git@-oProxyCommand=id:x",
        "-u@host:x",
        "https://exa mple.com/",
        "https://example.com/a\nb",
        "http://example.com/",
        "",
        "transport::address",
        "//etc",
        "host:path",
        "git@host:-x",
        "https:///etc",
        "ssh://git:pw@host/x",
        "https://example.com/" + "a" * 3000,
        "/etc/passwd",
        "ftp://example.com/a",
        "fd::7",
        "https://$(id)/x",
    ],
)
def test_malicious_urls_are_refused(url: str) -> None:
    with pytest.raises(UserError):
        parse_remote(url, protocols=("https", "ssh", "git"), local=False)


def test_password_of_a_url_leaves_url_and_argv() -> None:
    remote = parse_remote("https://u%40x:p%3Aw@example.com/a", protocols=("https",), local=False)
    assert remote.url == "https://example.com/a"
    assert remote.user == "u@x"
    assert remote.password == Secret("p:w")
    assert "p:w" not in repr(remote)
    assert remote.secret_config()["http.extraHeader"].startswith("Authorization: Basic ")
    assert remote.secret_config()["http.followRedirects"] == "false"


@pytest.mark.parametrize(
    ("origin", "url", "expected"),
    [
        ("https://example.com/org/app.git", "../lib.git", "https://example.com/org/lib.git"),
        ("https://example.com/org/app", "../../x/lib", "https://example.com/x/lib"),
        ("git@example.com:org/app", "../lib", "git@example.com:org/lib"),
        ("git@example.com:app", "../lib", "git@example.com:lib"),
        ("https://example.com/app", "./lib", "https://example.com/app/lib"),
    ],
)
def test_relative_submodule_urls_are_relative_to_the_origin(origin: str, url: str, expected: str) -> None:
    assert relative_to(origin, url) == expected


def test_relative_url_cannot_leave_the_host_of_its_origin() -> None:
    with pytest.raises(UserError):
        relative_to("https://example.com/app", "../../evil.example/x")


def test_branch_beats_tag_beats_commit() -> None:
    one, two, three = "1" * 40, "2" * 40, "3" * 40
    refs = {"refs/heads/v1": one, "refs/tags/v1": two, "refs/tags/v2": two, "refs/tags/v2^{}": three}
    assert choose(refs, "v1", GitRef("v1"), "u").commit == one
    assert choose(refs, "v1", GitRef("v2"), "u").commit == three
    assert choose(refs, "v1", GitRef("4" * 40), "u").commit == "4" * 40
    assert choose(refs, "v1", None, "u").branch == "v1"
    with pytest.raises(NotFound):
        choose(refs, "v1", GitRef("nope"), "u")
    with pytest.raises(NotFound):
        choose({}, "", None, "u")


# git:sync


def test_sync_without_build_only_moves_the_branch(world: World, upstream: Client) -> None:
    assert run(world, "git:sync", "blog", str(upstream.path)) == 0
    assert deploy_branch(world.host, BLOG) == "main"
    assert head(world, "main") == upstream.git("rev-parse", "main")
    assert world.deployed == {}
    assert world.leftovers() == []


def test_sync_with_build_deploys(world: World, upstream: Client) -> None:
    assert run(world, "git:sync", "--build", "blog", str(upstream.path), "main") == 0
    assert world.deployed["kind"] == "git:sync"
    assert world.deployed["files"] == {"a": "1"}
    assert head(world, "main") == world.deployed["commit"]
    assert world.leftovers() == []


def test_sync_builds_if_something_changed_and_only_then(world: World, upstream: Client) -> None:
    assert run(world, "git:sync", "--build-if-changes", "blog", str(upstream.path), "main") == 0
    os.unlink(world.root / "deployed.json")
    assert run(world, "git:sync", "--build-if-changes", "blog", str(upstream.path), "main") == 0
    assert world.deployed == {}
    upstream.commit({"a": "2"})
    assert run(world, "git:sync", "--build-if-changes", "blog", str(upstream.path), "main") == 0
    assert world.deployed["files"] == {"a": "2"}


def test_sync_of_a_tag_and_of_a_commit_keeps_the_deploy_branch(world: World, upstream: Client) -> None:
    first = upstream.git("rev-parse", "main")
    upstream.git("tag", "-a", "v1", "-m", "v1")
    upstream.commit({"a": "2"})
    assert run(world, "git:sync", "--build", "blog", str(upstream.path), "v1") == 0
    assert deploy_branch(world.host, BLOG) == "master"
    assert head(world) == first == world.deployed["commit"]
    second = upstream.git("rev-parse", "main")
    upstream.git("branch", "-q", "-f", "other", second)
    assert run(world, "git:sync", "--build", "blog", str(upstream.path), second) == 0
    assert head(world) == second


def test_sync_can_leave_the_deploy_branch_alone(world: World, upstream: Client) -> None:
    assert run(world, "git:sync", "--skip-deploy-branch", "blog", str(upstream.path), "main") == 0
    assert deploy_branch(world.host, BLOG) == "master"
    assert head(world) == upstream.git("rev-parse", "main")


def test_failed_build_after_a_sync_leaves_branch_and_settings(world: World, upstream: Client) -> None:
    upstream.commit({"FAIL": ""})
    assert run(world, "git:sync", "--build", "blog", str(upstream.path)) == 1
    assert head(world, "main") == ""
    assert deploy_branch(world.host, BLOG) == "master"
    assert world.leftovers() == []


def test_sync_from_a_path_is_for_local_users_only(
    world: World, upstream: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    world.host.store.write("global", "ssh-keys", data={"keys": {"alice": {"role": "admin"}}})
    assert run(world, "git:sync", "blog", str(upstream.path), who="key:alice") == 1
    assert "which is not allowed over SSH" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "[::1]:3000"])
def test_plain_http_to_the_host_itself_is_for_admins_only(host: str) -> None:
    url = f"http://{host}/team/blog.git"
    assert parse_remote(url, protocols=("https",), local=False, loopback=True).url == url
    with pytest.raises(UserError, match="protocol http is not allowed"):
        parse_remote(url, protocols=("https",), local=False, loopback=False)
    with pytest.raises(UserError, match="protocol http is not allowed"):
        parse_remote("http://127.0.0.1.example.com/x", protocols=("https",), local=False, loopback=True)


@pytest.mark.parametrize(
    ("typed", "who"),
    [
        (("Ann", "ann@example.com"), "Ann <ann@example.com>"),
        (("Ann", "von", "Au", "ann@example.com"), "Ann von Au <ann@example.com>"),
        (("Ann von Au", "ann@example.com", "blog"), "Ann von Au <ann@example.com>"),
        ((), "Dokku <automated@dokku.sh>"),
        (("Ann",), "Ann <automated@dokku.sh>"),
        (("Ann", "ann"), "Ann <ann>"),
    ],
)
def test_name_of_several_parts_arrives_over_ssh(world: World, typed: tuple[str, ...], who: str) -> None:
    world.make_app()
    assert run(world, "git:from-image", "blog", "app:v1", *typed) == 0
    assert Repository(world.host, BLOG).git("log", "--format=%an <%ae>", "master").stdout.strip() == who


def test_status_of_a_login_is_the_exit_status(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a user it asks whether there is no login, as `git:auth HOST` leaves it."""
    assert run(world, "git:auth-status", "git.example.com") == 0
    assert run(world, "git:auth", "git.example.com", "ann", "pw") == 0
    for typed, status in ((("ann", "pw"), 0), (("ann", "other"), 1), (("bob", "pw"), 1), (("ann",), 1), ((), 1)):
        capsys.readouterr()
        assert run(world, "git:auth-status", "git.example.com", *typed) == status
        assert capsys.readouterr().err == ""


def test_malicious_refs_and_urls_are_refused_by_the_command(world: World, upstream: Client) -> None:
    for words in (
        ("blog", str(upstream.path), "--upload-pack=id"),
        ("blog", str(upstream.path), "main;id"),
        ("blog", "--upload-pack=touch", "main"),
        ("blog", "ext::sh -c id", "main"),
        ("blog", str(upstream.path), "+x:y"),
    ):
        assert run(world, "git:sync", *words) == 1
    assert head(world) == ""


def test_unreadable_remote_is_an_error_without_its_password(
    world: World, upstream: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(world, "git:sync", "blog", "https://user:canary77@127.0.0.1:1/x", "main") == 1
    said = capfd.readouterr()
    assert "https://127.0.0.1:1/x cannot be read" in said.err
    audit = (world.root / "logs" / "audit.log").read_text()
    assert "canary77" not in said.err + said.out + audit
    assert "***" in audit


def test_both_build_flags_exclude_each_other(world: World, upstream: Client) -> None:
    assert run(world, "git:sync", "--build", "--build-if-changes", "blog", str(upstream.path)) == 1


def test_sync_to_an_unknown_app_exits_with_20(world: World, upstream: Client) -> None:
    assert run(world, "git:sync", "nope", str(upstream.path)) == 20


# images


def test_image_becomes_a_one_line_dockerfile(world: World) -> None:
    world.make_app()
    name = "registry.example.com:5000/team/app:v1"
    world.host.engine().pushed[name] = "sha256:" + "a" * 64  # type: ignore[attr-defined]
    image = f"{name}@sha256:" + "a" * 64
    assert run(world, "git:from-image", "blog", image, "Ann", "ann@example.com") == 0
    assert world.deployed["files"] == {"Dockerfile": f"FROM {image}\n"}
    assert world.deployed["metadata"] == image
    assert world.host.store.read("apps", "blog", "git")["properties"]["source-image"] == image
    log = Repository(world.host, BLOG).git("log", "--format=%an <%ae>", "master").stdout.strip()
    assert log == "Ann <ann@example.com>"
    assert run(world, "git:from-image", "blog", image) == 1  # no changes
    assert world.leftovers() == []


def test_image_that_only_the_app_s_login_fetches_is_left_to_the_build_with_its_digest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pulled into the engine, it would have a name that every app can use."""
    world.make_app()
    engine = world.host.engine()
    engine.accounts["registry.example.com"] = {"ann": "pw"}  # type: ignore[attr-defined]
    image, digest = "registry.example.com/team/app:v1", "sha256:" + "b" * 64
    engine.pushed[image] = digest  # type: ignore[attr-defined]
    assert run(world, "git:from-image", "--force", "blog", image) == 1
    own = RegistryLogin("registry.example.com", "ann", Secret("pw"), shared=False)
    monkeypatch.setattr(registry_access, "logins_of", lambda host, app: {own.server: own} if app else {})
    assert run(world, "git:from-image", "--force", "blog", image) == 0
    assert world.deployed["files"] == {"Dockerfile": f"FROM {image}@{digest}\n"}
    assert engine.images.find(image) is None
    assert run(world, "git:from-image", "--force", "blog", "registry.example.com/team/nothing") == 1
    shared = replace(own, shared=True)
    monkeypatch.setattr(registry_access, "logins_of", lambda host, app: {own.server: shared})
    assert run(world, "git:from-image", "--force", "blog", image) == 0
    assert world.deployed["files"] == {"Dockerfile": f"FROM {image}\n"}
    assert engine.images.find(image) is not None


def test_image_build_may_have_more_files_for_local_users(world: World, tmp_path: Path) -> None:
    world.make_app()
    extra = tmp_path / "extra"
    (extra / "sub").mkdir(parents=True)
    (extra / "sub" / "a").write_text("1")
    assert run(world, "git:from-image", "--build-dir", str(extra), "blog", "app:v1") == 0
    assert world.deployed["files"] == {"Dockerfile": "FROM app:v1\n", "sub/a": "1"}
    world.host = world.host.for_invocation(who="key:alice")
    with pytest.raises(UserError, match="is not readable over SSH"):
        bring.deploy_image(world.host, BLOG, ImageRef("app:v2"), "", "", kind="x", build_dir="/etc", force=False)


@pytest.mark.parametrize("image", ["app;id", "-v", "a b", "APP:v1", "app:v1\nRUN id", "$(id)", "../x", ""])
def test_malicious_image_names_are_refused(world: World, image: str) -> None:
    world.make_app()
    assert run(world, "git:from-image", "blog", "--", image) == 1
    assert head(world) == ""


@pytest.mark.parametrize("name", ["a\nb", "a <b", "x" * 300])
def test_malicious_authors_are_refused(world: World, name: str) -> None:
    world.make_app()
    assert run(world, "git:from-image", "blog", "app:v1", name) == 1
    assert head(world) == ""


# credentials


def test_login_is_kept_in_the_state_and_removed(world: World, tmp_path: Path) -> None:
    kept = world.root / "global" / "git-logins.toml"
    assert run(world, "git:auth", "Example.com", "ann", "s3cret") == 0
    assert stat.S_IMODE(kept.stat().st_mode) & 0o007 == 0
    assert run(world, "git:auth", "other.example", "bob", "pw with a space") == 0
    assert run(world, "git:auth-status", "example.com", "ann", "s3cret") == 0
    assert run(world, "git:auth-status", "example.com", "ann", "wrong") == 1
    assert run(world, "git:auth-status", "example.com") == 1
    assert run(world, "git:auth", "example.com") == 0
    assert sorted(logins(world.host)) == ["other.example"]
    assert run(world, "git:auth-status", "example.com") == 0
    assert "s3cret" not in (world.root / "logs" / "audit.log").read_text()
    assert not (tmp_path / "home" / ".netrc").exists()


def test_password_may_come_on_standard_input(world: World) -> None:
    script = f"from dokkupy_sdk.entry import main; raise SystemExit(main(['git:auth','example.com','ann'], who='t', root={str(world.root)!r}))"  # noqa: E501
    import subprocess

    done = subprocess.run([sys.executable, "-c", script], input="from-a-pipe\n", text=True, check=False)
    assert done.returncode == 0
    assert logins(world.host)["example.com"].password.reveal() == "from-a-pipe"


def test_password_of_a_refused_command_is_not_in_the_audit(world: World) -> None:
    world.host.store.write("global", "ssh-keys", data={"keys": {"bob": {"role": "viewer"}}})
    assert run(world, "git:auth", "example.com", "ann", "canary42", who="key:bob") == 1
    audit = (world.root / "logs" / "audit.log").read_text()
    assert "git:auth example.com *** ***" in audit or "git:auth example.com ann ***" in audit
    assert "canary42" not in audit


@pytest.mark.parametrize(
    ("host", "user", "password"),
    [
        ("-x", "a", "b"),
        ("a b", "a", "b"),
        ("h;id", "a", "b"),
        ("h", "a\nmachine evil", "b"),
        ("h", "a", "b\x00c"),
        ("../x", "a", "b"),
        ("h", "a", "b\n"),
        ("", "a", "b"),
    ],
)
def test_malicious_logins_are_refused(world: World, host: str, user: str, password: str) -> None:
    assert run(world, "git:auth", "--", host, user, password) == 1
    assert logins(world.host) == {}


class Guarded(http.server.BaseHTTPRequestHandler):
    """A server of git's HTTP protocol that wants a login, and has nothing. asked: what came with each request; elsewhere:
    another server, to which it redirects what begins so."""

    asked: ClassVar[list[str]] = []
    elsewhere = ""

    def do_GET(self) -> None:
        self.asked.append(self.headers.get("Authorization", ""))
        moved = self.elsewhere and self.path.startswith("/elsewhere/")
        self.send_response(302 if moved else 404 if self.headers.get("Authorization") else 401)
        self.send_header(
            "Location" if moved else "WWW-Authenticate", self.elsewhere + self.path[10:] if moved else "Basic"
        )
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of one of two such servers."""
    Guarded.asked.clear()
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Guarded) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    first, second = (f"http://127.0.0.1:{server.server_address[1]}" for server in servers)
    monkeypatch.setattr(Guarded, "elsewhere", second)
    yield first
    for server in servers:
        server.shutdown()
        server.server_close()


def asked_for(world: World, url: str) -> list[str]:
    """What a fetch sends along, request by request."""
    Guarded.asked.clear()
    settings = fetch_settings(world.host, parse_remote(url, protocols=("http",), local=False, loopback=True))
    argv = program.git("ls-remote", url, config=program.fetch_config("http"))
    execute(argv, env=program.network_env(settings), check=False)
    return [*Guarded.asked]


def test_git_gives_the_login_to_the_server_that_asks_and_to_no_other(world: World, guarded: str) -> None:
    password = "s3 'cret$(id)"
    assert run(world, "git:auth", "127.0.0.1", "ann", password) == 0
    given = base64.b64encode(f"ann:{password}".encode()).decode()
    assert asked_for(world, f"{guarded}/x.git") == ["", f"Basic {given}"]
    redirected = asked_for(world, f"{guarded}/elsewhere/x.git")
    assert len(redirected) >= 2 and {*redirected} == {""}
    assert run(world, "git:auth", "127.0.0.1") == 0
    assert asked_for(world, f"{guarded}/x.git") == [""]


def test_deploy_key_is_made_once_and_shown(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(world, "git:public-key") == 1
    assert run(world, "git:generate-deploy-key") == 0
    key = tmp_path / "home" / ".ssh" / "id_ed25519"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    capsys.readouterr()
    assert run(world, "git:public-key") == 0
    assert capsys.readouterr().out.startswith("ssh-ed25519 ")
    before = key.read_bytes()
    assert run(world, "git:generate-deploy-key") == 1
    assert key.read_bytes() == before


def test_malicious_hosts_are_not_scanned(world: World, tmp_path: Path) -> None:
    for name in ("-oProxyCommand=id", "a;b", "$(id)", "a b", "x" * 300):
        assert run(world, "git:allow-host", "--", name) == 1
    with pytest.raises(UserError):
        credentials.host_name("a/b")
    assert not (tmp_path / "home" / ".ssh" / "known_hosts").exists()


# properties and reports


def test_report_shows_what_dokkus_users_know(world: World, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    commit = client.commit({"a": "1"})
    assert client.push("master:main").returncode == 0
    capsys.readouterr()
    assert run(world, "git:report", "blog", "--format", "json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["deploy-branch"] == report["computed-deploy-branch"] == "main"
    assert report["sha"] == commit
    assert report["rev-env-var"] == "GIT_REV"
    assert report["keep-git-dir"] == ""
    assert report["computed-keep-git-dir"] == "false"
    assert report["computed-archive-max-files"] == "10000"
    assert report["last-updated-at"].isdigit()
    assert run(world, "git:report", "blog", "--git-sha") == 0
    assert capsys.readouterr().out == f"{commit}\n"


def test_variable_of_the_revision_can_be_renamed_and_switched_off(world: World, client: Client) -> None:
    world.make_app()
    commit = client.commit({"a": "1"})
    assert run(world, "git:set", "blog", "rev-env-var", "MY_REV") == 0
    client.push()
    assert world.deployed["env"] == {"MY_REV": commit}
    assert run(world, "git:set", "blog", "rev-env-var", "") == 0
    client.commit({"a": "2"})
    client.push()
    assert world.deployed["env"] == {}


def test_head_follows_the_deploy_branch(world: World, client: Client) -> None:
    client.commit({"a": "1"})
    client.push()
    assert run(world, "git:set", "blog", "deploy-branch", "release") == 0
    assert Repository(world.host, BLOG).head_branch() == "release"
    assert run(world, "git:set", "blog", "deploy-branch", "-x") == 1
    assert run(world, "git:set", "blog", "deploy-branch", "a;b") == 1
    assert deploy_branch(world.host, BLOG) == "release"


def test_status_and_initialize_and_unlock(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.make_app()
    assert run(world, "git:initialize", "blog") == 0
    assert Repository(world.host, BLOG).exists
    assert run(world, "git:status", "blog") == 0
    assert "No commits yet" in capsys.readouterr().out
    assert run(world, "git:unlock", "blog") == 1
    assert "apps:unlock blog" in capsys.readouterr().err
    for verb in ("status", "initialize", "unlock"):
        assert run(world, f"git:{verb}", "nope") == 20


def test_load_needs_an_image_on_standard_input(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    world.make_app()
    monkeypatch.setattr("sys.stdin", Terminal())
    assert run(world, "git:load-image", "blog", "app:v1") == 1
    assert "standard input" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("git:sync", "--build", "blog", "UPSTREAM"),
        ("git:from-image", "blog", "app:v1"),
        ("git:initialize", "blog"),
        ("git:load-image", "blog", "app:v1"),
        ("git:auth", "example.com", "ann", "pw"),
        ("git:generate-deploy-key",),
        ("git:allow-host", "example.com"),
    ],
)
def test_dry_run_says_what_would_be_and_changes_nothing(
    world: World, upstream: Client, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    before = sorted(str(path) for path in world.root.parent.rglob("*"))
    said = [str(upstream.path) if word == "UPSTREAM" else word for word in words]
    assert run(world, *said, "--dry-run", "--format", "json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["dry_run"] is True
    assert len(answer["plan"]) == 1
    after = sorted(
        str(path)
        for path in world.root.parent.rglob("*")
        if path.parts[-1] != "audit.log" and path != world.root / "logs"
    )
    assert after == before


@pytest.mark.parametrize("image", ["dokku/blog:r1", "docker.io/dokku/blog", "dokkupy/debian:bookworm"])
def test_another_apps_image_is_not_deployed_by_its_name(
    world: World, capsys: pytest.CaptureFixture[str], image: str
) -> None:
    world.make_app()
    assert run(world, "git:from-image", "blog", image) == 1
    assert "belong to them alone" in capsys.readouterr().err
