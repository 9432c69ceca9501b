"""Keys: which are accepted, and what sshd reads."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from dokkupy.errors import Conflict, NotFound, UserError
from dokkupy.host import Host
from dokkupy.model.names import AppName
from dokkupy.model.state import KeyRow
from dokkupy_sdk.access import keys_of
from dokkupy_sdk.names import KeyName
from dokkupy_ssh.keys import add_key, finding, parse_key, remove_key, write_authorized_keys
from dokkupy_ssh.sshd import set_up, write_locked


def blob(*fields: bytes) -> str:
    return base64.b64encode(b"".join(len(f).to_bytes(4, "big") + f for f in fields)).decode()


ED25519 = f"ssh-ed25519 {blob(b'ssh-ed25519', b'k' * 32)}"
OTHER = f"ssh-ed25519 {blob(b'ssh-ed25519', b'o' * 32)}"


def authorized(host: Host) -> Path:
    return Path(host.path("home", ".ssh", "authorized_keys"))


@pytest.mark.parametrize("kind", [("ed25519",), ("rsa", "-b", "2048"), ("ecdsa", "-b", "256"), ("ecdsa", "-b", "521")])
def test_the_fingerprint_is_the_one_ssh_keygen_shows(tmp_path: Path, kind: tuple[str, ...]) -> None:
    file = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-t", *kind, "-f", str(file)], check=True)
    shown = subprocess.run(["ssh-keygen", "-lf", f"{file}.pub"], check=True, capture_output=True, text=True).stdout
    key, fingerprint = parse_key((tmp_path / "key.pub").read_text())
    assert fingerprint == shown.split()[1]
    assert (tmp_path / "key.pub").read_text().startswith(key + " ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        f"{ED25519}\n{OTHER}",
        f'command="id" {ED25519}',
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        f"ssh-rsa {ED25519.split()[1]}",
        f"ssh-ed25519 {blob(b'ssh-ed25519', b'k' * 32, b'more')}",
        f"ssh-ed25519 {base64.b64encode(base64.b64decode(ED25519.split()[1])[:-1]).decode()}",
    ],
)
def test_text_that_is_not_exactly_one_complete_public_key_is_refused_and_changes_nothing(host: Host, text: str) -> None:
    with pytest.raises(UserError):
        add_key(host, KeyName("eve"), text)
    assert keys_of(host) == {}
    assert not authorized(host).exists()


def test_a_key_becomes_one_restricted_line_without_its_comment(host: Host) -> None:
    fingerprint = add_key(
        host, KeyName("ann"), f'{ED25519} ann",command="id\n', role="deployer", apps=[AppName("blog")]
    )
    assert authorized(host).read_text() == (
        'command="exec /usr/local/bin/dokkupy ssh-entry ann",'
        f"no-agent-forwarding,no-user-rc,no-X11-forwarding,no-port-forwarding {ED25519} ann\n"
    )
    assert authorized(host).stat().st_mode & 0o777 == 0o600
    assert keys_of(host)["ann"] == KeyRow(key=ED25519, fingerprint=fingerprint, role="deployer", apps=("blog",))


def test_the_same_name_and_the_same_key_are_refused_a_second_time(host: Host) -> None:
    add_key(host, KeyName("ann"), ED25519)
    with pytest.raises(Conflict, match="Duplicate SSH key name"):
        add_key(host, KeyName("ann"), OTHER)
    with pytest.raises(Conflict, match="it exists as ann"):
        add_key(host, KeyName("bob"), ED25519)
    assert list(keys_of(host)) == ["ann"]


def test_a_key_is_removed_by_its_fingerprint_and_the_others_stay(host: Host) -> None:
    fingerprint = add_key(host, KeyName("ann"), ED25519)
    add_key(host, KeyName("bob"), OTHER)
    assert remove_key(host, fingerprint=fingerprint) == ["ann"]
    assert list(keys_of(host)) == ["bob"]
    assert authorized(host).read_text().count("\n") == 1
    with pytest.raises(NotFound):
        remove_key(host, name="ann")


def test_a_key_that_cannot_be_written_for_sshd_is_not_kept_in_the_state(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_key(host, KeyName("ann"), ED25519)
    before = authorized(host).read_text()
    replace = os.replace
    failed: list[str] = []

    def full(source: str, target: str) -> None:
        if target.endswith("authorized_keys") and not failed:
            failed.append(target)
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        add_key(host, KeyName("bob"), OTHER)
    assert list(keys_of(host)) == ["ann"]
    assert authorized(host).read_text() == before
    assert os.listdir(host.path("journal", "open")) == []


def test_the_doctor_sees_an_edited_authorized_keys(host: Host) -> None:
    write_authorized_keys(host)
    assert finding(host).level == "ok"
    authorized(host).write_text("ssh-ed25519 AAAA eve\n")
    assert finding(host).level == "warning"


def test_setup_writes_authorized_keys_of_an_earlier_version_again(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path: None)  # sshd's own settings are not read
    add_key(host, KeyName("ann"), OTHER)
    earlier = authorized(host).read_text().replace("exec ", "")
    authorized(host).write_text(earlier)
    line = f"write {authorized(host)}"
    assert line in set_up(host, dry_run=True) and authorized(host).read_text() == earlier
    write_locked(host)
    assert finding(host).level == "ok" and line not in set_up(host, dry_run=True)
