"""A name is resolved once: git and ssh connect to the address that was validated, whatever the name says later.

The names here end in `.invalid`, which never resolves (RFC 2606): what connects was given the address.
"""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dokkupy_git.fetch import sync
from dokkupy_git.repository.program import network_env
from dokkupy_git.repository.reach import fetch_settings
from dokkupy_git.urls import Remote, parse_remote
from dokkupy_sdk.outgoing import Guard
from dokkupy_sdk.testing.ports import free_port

from plugins_builtin.git.tests.conftest import World

NAME = "git.example.invalid"


@pytest.fixture
def deployer(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A deployer, for whom the name leads to loopback, which counts as permitted."""
    world.host = world.host.for_invocation(who="key:alice")
    monkeypatch.setattr(Guard, "resolve", lambda *_: ["127.0.0.1"])
    return world


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[int]:
    """A server of the git protocol, with the repository /x.git below the directory of its virtual host's name."""
    base = tmp_path / NAME
    env = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}  # whatever this machine's says
    subprocess.run(["git", "init", "-q", "--bare", str(base / "x.git")], check=True, env=env)
    port = free_port()
    words = [
        "--reuseaddr",
        "--export-all",
        f"--interpolated-path={tmp_path}/%H%D",
        "--listen=127.0.0.1",
        f"--port={port}",
    ]
    server = subprocess.Popen(["git", "daemon", *words], env=env)
    try:
        deadline = time.monotonic() + 60
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert time.monotonic() < deadline and server.poll() is None
            time.sleep(0.02)
        yield port
    finally:
        server.terminate()
        server.wait()


def remote_of(url: str) -> Remote:
    return parse_remote(url, protocols=("https", "ssh", "git"), local=False)


def test_git_protocol_connects_to_the_validated_address_and_asks_for_the_name(deployer: World, daemon: int) -> None:
    remote = remote_of(f"git://{NAME}:{daemon}/x.git")
    assert sync.advertised(remote, fetch_settings(deployer.host, remote)) == ({}, "")


@pytest.mark.parametrize(
    ("url", "alias"),
    [
        (f"ssh://git@{NAME}/x.git", NAME),
        (f"ssh://git@{NAME}:2222/x.git", f"[{NAME}]:2222"),
        (f"git@{NAME.upper()}:x.git", NAME),
    ],
)
def test_ssh_connects_to_the_validated_address_and_looks_for_the_name_s_key(
    deployer: World, url: str, alias: str
) -> None:
    environment = network_env(fetch_settings(deployer.host, remote_of(url)))
    words = shlex.split(environment["GIT_SSH_COMMAND"])
    done = subprocess.run([*words, "-F", "none", "-G", f"git@{NAME}"], capture_output=True, text=True, check=True)
    assert {"hostname 127.0.0.1", f"hostkeyalias {alias}"} <= set(done.stdout.splitlines())


def test_git_itself_calls_ssh_so(deployer: World, tmp_path: Path) -> None:
    """`-c core.sshCommand` stands in every call of ours and must not win over the pin."""
    remote = remote_of(f"ssh://git@{NAME}:2222/x.git")
    written = tmp_path / "argv"
    fake = tmp_path / "ssh"
    fake.write_text(f"#!{sys.executable}\nimport sys\nopen({str(written)!r}, 'w').write(repr(sys.argv[1:]))\n")
    fake.chmod(0o755)
    settings = fetch_settings(deployer.host, remote)
    environment = network_env(settings)
    command = environment["GIT_SSH_COMMAND"].replace("ssh", str(fake), 1)
    words = ["git", "-c", "core.sshCommand=ssh", "-c", "protocol.allow=always", "ls-remote", remote.url]
    subprocess.run(words, env={**environment, "GIT_SSH_COMMAND": command, "PATH": "/usr/bin:/bin"}, check=False)
    assert f"['-o', 'HostName=127.0.0.1', '-o', 'HostKeyAlias=[{NAME}]:2222'" in written.read_text()


def test_admin_s_git_resolves_as_it_always_did(world: World) -> None:
    assert dict(fetch_settings(world.host, remote_of(f"ssh://git@{NAME}/x.git")).env) == {}
