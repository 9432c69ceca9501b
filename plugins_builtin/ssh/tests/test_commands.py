"""The commands `ssh-keys:*`, and command lines that arrive over SSH."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from dokkupy.errors import UserError
from dokkupy.host import Host
from dokkupy_sdk.testing.untrusted import NAMES_OF_NOTHING
from dokkupy_ssh.entry import entry, split

from plugins_builtin.ssh.tests.conftest import Run
from plugins_builtin.ssh.tests.test_keys import ED25519


def test_a_key_is_added_once_and_removed(run: Run, host: Host, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    text = (tmp_path / "key.pub").read_text()
    status, fingerprint, _ = run("ssh-keys:add", "demo", stdin=text)
    assert status == 0
    shown = subprocess.run(["ssh-keygen", "-lf", str(tmp_path / "key.pub")], capture_output=True, text=True, check=True)
    assert shown.stdout.split()[1] == fingerprint.strip()
    assert 'NAME="demo"' in run("ssh-keys:list")[1]
    written = Path(host.path("home", ".ssh", "authorized_keys")).read_text()
    assert written.startswith('command="exec /usr/local/bin/dokkupy ssh-entry demo",no-agent-forwarding')
    assert run("ssh-keys:add", "demo", stdin=text)[0] == 1
    assert run("ssh-keys:add", "other", stdin=text)[0] == 1
    assert run("ssh-keys:remove", "demo")[0] == 0
    assert Path(host.path("home", ".ssh", "authorized_keys")).read_text() == ""


@pytest.mark.parametrize("name", NAMES_OF_NOTHING)
def test_an_untrusted_key_name_is_refused(run: Run, host: Host, name: str) -> None:
    assert run("ssh-keys:add", "--", name, stdin="ssh-ed25519 AAAA x")[0] != 0
    assert not Path(host.path("home", ".ssh", "authorized_keys")).exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "ssh-ed25519 !!!",
        "ssh-ed25519 QUJD",
        'command="id" ssh-ed25519 AAAA',
        "ssh-ed25519 AAAA\nssh-rsa AAAA",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
    ],
)
def test_text_that_is_not_a_public_key_is_refused(run: Run, text: str) -> None:
    assert run("ssh-keys:add", "demo", stdin=text)[0] == 1
    assert run("ssh-keys:list")[1] == ""


def test_an_ssh_command_becomes_words_and_never_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for typed, words in (
        ("git-receive-pack 'blog'", ["git-receive-pack", "blog"]),
        ("config:set blog A='b c' D=$(id)", ["config:set", "blog", "A=b c", "D=$(id)"]),
        ("-- --quiet apps:list", ["--quiet", "apps:list"]),
        ("", []),
    ):
        monkeypatch.setenv("SSH_ORIGINAL_COMMAND", typed)
        assert entry(["demo"]) == (words, "key:demo")
        assert "SSH_ORIGINAL_COMMAND" not in os.environ
    monkeypatch.setenv("SSH_ORIGINAL_COMMAND", "a 'b")
    with pytest.raises(UserError, match="cannot be split"):
        entry(["demo"])


@pytest.mark.parametrize(("login", "name"), [("dokku", "dokku"), ("dokkupy", "dokkupy"), ("root", "/usr/bin/dokkupy")])
def test_over_ssh_the_program_has_the_name_of_the_login(monkeypatch: pytest.MonkeyPatch, login: str, name: str) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/dokkupy"])
    monkeypatch.setenv("USER", login)
    monkeypatch.setenv("SSH_ORIGINAL_COMMAND", "apps:list")
    entry(["demo"])
    assert sys.argv[0] == name


@pytest.mark.parametrize("text", ["a  b\tc", " a#b \r\n c\x0b\xa0d ", "a\\ b", "'a b' \"c\"", "$x;y|z", ""])
def test_the_quick_split_returns_the_same_arguments_as_shlex(text: str) -> None:
    assert split(text) == shlex.split(text)


def test_the_forced_command_runs_as_the_key_in_a_process_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "global").mkdir()
    (tmp_path / "global" / "ssh-keys.toml").write_text('schema = 1\n[keys.eve]\nrole = "viewer"\napps = []\n')

    def ssh(typed: str, name: str = "eve") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-m", "dokkupy", "ssh-entry", name],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "DOKKUPY_ROOT": str(tmp_path), "SSH_ORIGINAL_COMMAND": typed},
        )

    assert ssh("version").stdout.startswith("dokku version ")
    assert "Usage:" in ssh("").stdout
    denied = ssh("ssh-keys:list")
    assert (denied.returncode, denied.stdout) == (1, "")
    assert "Access denied" in denied.stderr
    assert "is not a dokku command" in ssh("ssh-entry admin").stderr
    assert not ssh(f"version; touch {tmp_path}/pwned $(touch {tmp_path}/pwned)").stdout
    assert not (tmp_path / "pwned").exists()
    refused = ssh("version", "../x")
    assert refused.returncode == 1 and "write authorized_keys again" in refused.stderr
    assert "cannot be split into words" in ssh("version '").stderr


def key_of(host: Host, name: str) -> dict[str, object]:
    return dict(host.store.read("global", "ssh-keys")["keys"][name])


def test_a_key_keeps_its_line_when_its_role_changes(run: Run, host: Host) -> None:
    assert run("ssh-keys:add", "ann", "--role", "viewer", "--apps", "blog", stdin=ED25519)[0] == 0
    before = key_of(host, "ann")
    assert run("ssh-keys:set", "ann", "--role", "deployer") == (0, "-----> ann is a deployer of blog\n", "")
    assert run("ssh-keys:set", "ann", "--apps", "blog,shop")[1] == "-----> ann is a deployer of blog, shop\n"
    assert key_of(host, "ann") == {**before, "role": "deployer", "apps": ["blog", "shop"]}
    assert run("ssh-keys:set", "ann", "--apps=")[1] == "-----> ann is a deployer of no app\n"
    assert run("ssh-keys:set", "bob", "--role", "viewer")[0] == 1
    assert run("ssh-keys:set", "ann")[0] == 1
    assert "is not a role" in run("ssh-keys:set", "ann", "--role", "root")[2]


def test_whoami_prints_the_caller_and_its_permissions(run: Run) -> None:
    run("ssh-keys:add", "ann", "--role", "viewer", "--apps", "blog", stdin=ED25519)
    assert "a local user, who may do everything" in run("whoami")[1]
    status, out, _ = run("whoami", who="key:ann")
    assert status == 0
    assert out.startswith("ann: a viewer of blog\n") and "app:read service:read" in out and "write" not in out
