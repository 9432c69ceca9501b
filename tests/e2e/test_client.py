"""The client on a developer's machine with a real host. The machine has only the client, git and ssh."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from apps import Repository
from bed import servers
from bed.checkout import ROOT
from bed.engine import SOON
from bed.host import Host

sys.path.insert(0, str(ROOT / "tests" / "docs"))

from markdown import blocks, commands

CLIENT = ROOT / "plugins_builtin" / "client" / "src"
PAGE = ROOT / "docs" / "how-to" / "from-your-own-machine.md"
OTHER_LINES = {
    "dokku postgres:connect": "psql is in the image of PostgreSQL alone; test_datastores.py connects",
    "dokku tunnel postgres:db": "the second test has a tunnel to Redis, which starts sooner",
}
"""Lines of the client's page that this module does not type -> why."""
AWKWARD = ["two  words", "", "it's", '"q"', "*", "$HOME", "a\nb", "back\\slash", "-x"]


class Laptop:
    """A repository, and a program `ssh` on PATH that uses the key that the host knows."""

    def __init__(self, host: Host, folder: Path, repository: Path) -> None:
        self.repository = repository
        program = folder / "bin" / "ssh"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec /usr/bin/{shlex.join(host._ssh_command())} "$@"\n')
        program.chmod(0o755)
        self.env = {
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "PYTHONPATH": str(CLIENT),
            "BROWSER": "true",
        }

    def argv(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "dokkupy_client", *words]

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*words),
            cwd=self.repository, env=self.env, input=stdin, capture_output=True, text=True, timeout=SOON,
        )  # fmt: skip

    def out(self, *words: str, stdin: str = "") -> str:
        done = self.run(*words, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def on_terminal(self, *words: str) -> str:
        """Run the client on a terminal, and return what a person sees."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.repository)
            os.execve(sys.executable, self.argv(*words), self.env)
        seen = b""
        try:
            while data := os.read(terminal, 4096):
                seen += data
        except OSError:  # the other end was closed
            pass
        os.close(terminal)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, seen
        return seen.decode().replace("\r\n", "\n")


@pytest.fixture
def laptop(host: Host, app: str, tmp_path: Path) -> Iterator[Laptop]:
    yield Laptop(host, tmp_path, Repository(tmp_path / "repository").path)


def lines_of_the_page(host: Host) -> dict[str, list[str]]:
    """The client's lines of its page, without the program's name, by their first two words."""
    typed = [one.line for block in blocks(PAGE) if block.language == "console" for one in commands(block)]
    ours = [line.partition("#")[0].strip() for line in typed if line.startswith("dokku ")]
    lines = {" ".join(line.split()[:2]): line for line in ours if line not in OTHER_LINES}
    assert sorted(lines) == ["dokku config:set", "dokku init", "dokku logs", "dokku open", "dokku run"]
    assert {*OTHER_LINES} < {*ours}
    return {name: shlex.split(line.replace("your-server", host.ip))[1:] for name, line in lines.items()}


def test_developer_with_the_client_inits_pushes_runs_configures_and_completes(
    laptop: Laptop, host: Host, app: str
) -> None:
    lines = lines_of_the_page(host)
    assert f"{app} is ready" in laptop.out(*lines["dokku init"], app)
    subprocess.run(["git", "push", "-q", "dokku", "HEAD:main"], cwd=laptop.repository, env=laptop.env, check=True)
    assert f"{app} " in laptop.out("ps")
    with subprocess.Popen(
        laptop.argv(*lines["dokku logs"]), cwd=laptop.repository, env=laptop.env, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None and any("web listens" in line for line in child.stdout)
        child.send_signal(signal.SIGINT)

    # arguments, standard input and the exit status pass through ssh and the container
    assert laptop.out("run", "printf", "<%s>", *AWKWARD) == "".join(f"<{word}>" for word in AWKWARD)
    laptop.out("config:set", "--no-restart", *(f"K{number}={word}" for number, word in enumerate(AWKWARD)))
    assert "Restarting app" in laptop.out(*lines["dokku config:set"])
    variables = json.loads(laptop.out("config:export", "--format", "json"))
    assert [variables[f"K{number}"] for number in range(len(AWKWARD))] == AWKWARD
    assert variables["GREETING"] == "two words"
    done = laptop.run(*lines["dokku run"], stdin="echo from the laptop; exit 4\n")
    assert (done.returncode, done.stdout) == (4, "from the laptop\n")
    assert laptop.on_terminal("run", "tty").startswith("/dev/pts/")

    # completion, and the name of another app
    assert laptop.out("completion:words", "--", "config:g").split() == ["config:get"]
    assert "K1" in laptop.out("completion:words", "--", "config:unset", "K").split()
    assert "web=" in laptop.out("completion:words", "--", "ps:scale", "").split()
    other = laptop.run("ps:report", "no-such-app")
    assert (other.returncode, other.stderr.splitlines()[0]) == (20, " !     App no-such-app does not exist")
    assert laptop.out(*lines["dokku open"]) == laptop.out("url")


def test_tunnel_reaches_a_service_from_the_laptop_and_only_by_loopback(laptop: Laptop, host: Host, app: str) -> None:
    host.load_image(servers.server("redis:7"), "redis:7")
    laptop.out("init", host.ip, app)
    laptop.out("redis:create", "cache", "--image-version", "7")
    password = laptop.out("redis:info", "cache", "--dsn").partition("://")[2].partition("@")[0].partition(":")[2]
    with subprocess.Popen(
        laptop.argv("tunnel", "cache", "--listen", "16379"),
        cwd=laptop.repository, env=laptop.env, stdout=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        port = int(child.stdout.readline().partition("127.0.0.1:")[2].partition(" ")[0])
        with socket.create_connection(("127.0.0.1", port), timeout=SOON) as connection:
            connection.sendall(f"AUTH {password.strip()}\r\nPING\r\n".encode())
            answer = b""
            while b"PONG" not in answer:
                answer += connection.recv(100) or pytest.fail(repr(answer))
        assert answer == b"+OK\r\n+PONG\r\n"
        listening = Path("/proc/net/tcp").read_text().split()
        assert f"0100007F:{port:04X}" in listening and f"00000000:{port:04X}" not in listening
        child.terminate()
    host.exec(["dokkupy", "redis:destroy", "cache", "--force", "--purge"])
    refused = laptop.run("tunnel", "no-such")
    assert refused.returncode == 1 and "You have no service that is called no-such" in refused.stderr
