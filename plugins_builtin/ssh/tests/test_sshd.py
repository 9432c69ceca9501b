"""sshd's drop-in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from dokkupy_sdk.execute import Completed
from dokkupy_ssh import sshd

PROGRAM = shutil.which("sshd", path="/usr/sbin:/sbin")


@pytest.mark.parametrize("has_per_source", [True, False])
def test_the_limits_stand_before_the_settings_of_the_system_user(has_per_source: bool) -> None:
    lines = sshd.rendered(has_per_source=has_per_source).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("Match "))
    settings = [line for line in lines[:first] if not line.startswith("#")]
    per_source = ["PerSourceMaxStartups 30", "PerSourceNetBlockSize 32:64"] if has_per_source else []
    assert settings == ["MaxStartups 60:30:120", *per_source]
    assert all(line.startswith("    ") for line in lines[first + 1 :])


@pytest.mark.parametrize(("answer", "has"), [("port 22\npersourcemaxstartups none\n", True), ("port 22\n", False)])
def test_an_older_sshd_is_asked_what_it_knows(monkeypatch: pytest.MonkeyPatch, answer: str, has: bool) -> None:
    monkeypatch.setattr(sshd, "execute", lambda argv, check: Completed(tuple(argv), 0, answer, ""))
    monkeypatch.setattr("os.makedirs", lambda path, mode, exist_ok: None)
    assert sshd.knows_per_source() is has


def test_sshd_reads_the_drop_in(tmp_path: Path) -> None:
    assert PROGRAM, "openssh-server is among the packages of test.sh"
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    config = tmp_path / "sshd_config"
    config.write_text(f"HostKey {key}\n" + sshd.rendered(has_per_source=True))
    argv = [PROGRAM, "-T", "-f", str(config), "-C", "user=dokku,host=x,addr=192.0.2.1"]
    found = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {"maxstartups 60:30:120", "persourcemaxstartups 30", "allowtcpforwarding no"} <= {*found}
