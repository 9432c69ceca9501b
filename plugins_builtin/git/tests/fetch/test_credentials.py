"""`git:auth`, deploy keys and known hosts."""

from __future__ import annotations

import base64
import http.server
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from dokkupy_git.fetch import credentials
from dokkupy_git.repository import program
from dokkupy_git.repository.logins import logins
from dokkupy_git.repository.reach import fetch_settings
from dokkupy_git.urls import parse_remote
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.execute import execute

from plugins_builtin.git.tests.conftest import World, run


def test_status_of_a_login_is_the_exit_status(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a user it asks whether there is no login, as `git:auth HOST` leaves it."""
    assert run(world, "git:auth-status", "git.example.com") == 0
    assert run(world, "git:auth", "git.example.com", "ann", "pw") == 0
    for typed, status in ((("ann", "pw"), 0), (("ann", "other"), 1), (("bob", "pw"), 1), (("ann",), 1), ((), 1)):
        capsys.readouterr()
        assert run(world, "git:auth-status", "git.example.com", *typed) == status
        assert capsys.readouterr().err == ""


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
