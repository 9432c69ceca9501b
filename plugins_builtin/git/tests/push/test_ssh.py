"""The same pushes through a real sshd with a forced command: what a lost connection looks like there is its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dokkupy_git.repository.bare import Repository
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing.ports import free_port
from dokkupy_sdk.testing.processes import is_running

from plugins_builtin.git.tests.conftest import HERE, Client, World, wait_for

BLOG = AppName("blog")

FORCED = """#!{python}
import os, shlex, sys
words = shlex.split(os.environ["SSH_ORIGINAL_COMMAND"])
os.environ.update(DOKKUPY_ROOT={root!r}, TEST_WHO="key:alice", DOKKUPY_PLUGINS="git")
os.execv({python!r}, [{python!r}, {serve!r}, *words])
"""

CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {directory}/host
AuthorizedKeysFile {directory}/authorized_keys
PidFile {directory}/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
"""


class Server:
    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.port = port

    def connect(self, client: Client) -> None:
        """Let a client's git go through this server."""
        client.env["GIT_SSH_COMMAND"] = (
            f"ssh -F /dev/null -p {self.port} -i {self.directory}/key -o IdentitiesOnly=yes -o BatchMode=yes "
            f"-o StrictHostKeyChecking=no -o UserKnownHostsFile={self.directory}/known"
        )

    @property
    def url(self) -> str:
        return "root@127.0.0.1:blog"


@pytest.fixture
def server(tmp_path: Path, world: World) -> Iterator[Server]:
    directory = tmp_path / "ssh"
    directory.mkdir(mode=0o700)
    for name in ("host", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)], check=True)
    port = free_port()
    forced = directory / "forced"
    forced.write_text(FORCED.format(python=sys.executable, root=str(world.root), serve=str(HERE / "serve.py")))
    forced.chmod(0o755)
    key = (directory / "key.pub").read_text()
    (directory / "authorized_keys").write_text(f'command="{forced}",no-pty,no-port-forwarding {key}')
    (directory / "config").write_text(CONFIG.format(port=port, directory=directory))
    os.makedirs("/run/sshd", exist_ok=True)
    process = subprocess.Popen(
        ["/usr/sbin/sshd", "-D", "-e", "-f", str(directory / "config")],
        stderr=open(directory / "log", "w"),  # noqa: SIM115
    )
    for _ in range(1200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    world.host.store.write("global", "ssh-keys", data={"keys": {"alice": {"role": "admin"}}})
    yield Server(directory, port)
    process.terminate()
    process.wait(60)


def push(client: Client, server: Server, *words: str) -> subprocess.CompletedProcess[str]:
    server.connect(client)
    return subprocess.run(
        ["git", "-C", str(client.path), "push", server.url, *words],
        env=client.env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_push_and_clone_over_ssh(world: World, client: Client, server: Server, tmp_path: Path) -> None:
    commit = client.commit({"a": "1"})
    done = push(client, server, "master:main")
    assert done.returncode == 0, done.stderr
    assert "remote: =====> Application deployed:" in done.stderr
    assert world.deployed["who"] == "key:alice"
    subprocess.run(["git", "clone", "-q", server.url, str(tmp_path / "clone")], env=client.env, check=True)
    assert Repository(world.host, BLOG).ref("refs/heads/main") == commit
    assert (tmp_path / "clone" / "a").read_text() == "1"


def test_key_without_the_right_is_denied_before_anything_is_made(world: World, client: Client, server: Server) -> None:
    world.host.store.write("global", "ssh-keys", data={"keys": {"alice": {"role": "viewer", "apps": ["blog"]}}})
    client.commit({"a": "1"})
    done = push(client, server, "master")
    assert done.returncode != 0
    assert "Access denied" in done.stderr
    assert not (world.root / "apps").exists()
    assert not (world.root / "repos").exists()


def test_connection_lost_in_the_middle_takes_the_deploy_back(world: World, client: Client, server: Server) -> None:
    first = client.commit({"a": "1"})
    assert push(client, server, "master").returncode == 0
    client.commit({"SLEEP": ""})
    running = subprocess.Popen(
        ["git", "-C", str(client.path), "push", server.url, "master"],
        env=client.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(lambda: (world.root / "pid").exists() and (world.root / "pid").read_text())
    hook = int((world.root / "pid").read_text())
    os.killpg(running.pid, signal.SIGKILL)  # git and ssh on the client's side; the server is on its own
    running.wait()
    wait_for(lambda: not is_running(hook))
    wait_for(lambda: world.leftovers() == [])
    assert Repository(world.host, BLOG).ref("refs/heads/master") == first
    assert world.host.store.read("apps", "blog", "git")["sha"] == first
    client.git("rm", "-q", "SLEEP")
    client.commit({"a": "2"})
    assert push(client, server, "master").returncode == 0


@pytest.mark.parametrize(
    "command",
    [
        "git-receive-pack '../x'",
        "git-receive-pack 'a;id'",
        "git-upload-pack -oProxyCommand=id",
        "git-upload-archive x",
        "git-receive-pack 'a\nb'",
        "git-hook blog",
        "git-receive-pack",
        "git-receive-pack 'blog' 'more'",
    ],
)
def test_malicious_commands_over_ssh_are_refused(world: World, client: Client, server: Server, command: str) -> None:
    server.connect(client)
    words = client.env["GIT_SSH_COMMAND"].split()
    done = subprocess.run(
        [*words, "root@127.0.0.1", command],
        env=client.env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode in (1, 20)
    assert done.stdout == ""
    assert not (world.root / "repos").exists()
