"""The client as a program, with a stand-in for ssh that shows what it was given."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
LISTING = (
    '{"commands": {"ps": {"app": 0, "arguments": 1, "values": []}, "cat": {"app": null, "arguments": 0, "values": []}}}'
)
SSH = """#!/bin/sh
for last; do :; done
echo "$*" >>"$ASKED"
case $last in
  completion:commands) cat >/dev/null; echo '%s' ;;  # ssh reads its standard input, whatever runs there
  "completion:words -- --app ''") printf 'blog\\nshop\\n' ;;
  'postgres:app-links blog') cat >/dev/null; echo db ;;
  'redis:app-links blog') printf 'cache\\nqueue\\n' ;;
  'mongo:app-links blog') ;;
  'services:list '*) echo '[{"service": "postgres:db"}, {"service": "redis:cache"}]' ;;
  'completion:words -- --app blog docker-options:add '*) printf 'build\\ndeploy\\nrun\\n' ;;
  'completion:words -- --app blog ssh-keys:set ann --apps='*) printf -- '--apps=blog\\n--apps=shop\\n' ;;
  completion:words*) printf 'ps\\nps:scale\\n' ;;
  *cat) cat; exit 7 ;;
  version) test -e "$KNOWN" || { echo 'dokku@host: Permission denied (publickey).' >&2; exit 255; } ;;
  apps:exists*) exit 20 ;;
  'dokku ssh-keys:add '*) cat >"$KNOWN" ;;
  'url '*) echo http://blog.example.com ;;
  'postgres:tunnel db') exec cat ;;
  *dsn*|*'--format json') echo '{"dsn": "postgres://postgres:***@db:5432/db"}' ;;
  *) echo "$last" ;;
esac
"""


class Laptop:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.repository = folder / "blog"
        (folder / "bin").mkdir()
        (self.home / ".ssh").mkdir(parents=True)
        (self.home / ".ssh/id_ed25519.pub").write_text("ssh-ed25519 AAAA ann\n")
        self.repository.mkdir()
        program = folder / "bin/ssh"
        program.write_text(SSH % LISTING)
        program.chmod(0o755)
        subprocess.run(["git", "init", "-q"], cwd=self.repository, check=True)
        self.env = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "PYTHONPATH": str(SOURCE),
            "ASKED": str(folder / "asked"),
            "KNOWN": str(folder / "known"),
            "BROWSER": "true",
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def add_remote(self) -> None:
        subprocess.run(["git", "remote", "add", "dokku", "dokku@host:blog"], cwd=self.repository, check=True)

    def argv(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "dokkupy_client", *words]

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*words),
            cwd=self.repository,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    return Laptop(tmp_path)


def test_streams_and_exit_status_are_the_host_s(laptop: Laptop) -> None:
    laptop.add_remote()
    for _ in ("the host is asked for its commands first", "the client knows them"):
        done = laptop.run("cat", stdin="a line\n")
        assert (done.returncode, done.stdout, done.stderr) == (7, "a line\n", "")


def test_host_is_asked_once_for_its_commands_and_the_app_is_passed(laptop: Laptop) -> None:
    laptop.add_remote()
    assert laptop.run("ps").stdout == "--app blog ps\n"
    assert laptop.run("ps", "shop").stdout == "ps shop\n"
    assert laptop.run("--app", "x", "--quiet", "ps").stdout == "--quiet --app x ps\n"
    assert sum("completion:commands" in line for line in laptop.asked()) == 1


def test_the_app_s_only_service_need_not_be_typed(laptop: Laptop) -> None:
    laptop.add_remote()
    assert laptop.run("postgres:connect").stdout == "postgres:connect db\n"
    assert laptop.run("postgres:connect", "other").stdout == "postgres:connect other\n"
    several = laptop.run("redis:enter")
    assert several.returncode == 1 and "blog is linked to cache, queue" in several.stderr
    assert "dokku redis:enter cache" in several.stderr
    none = laptop.run("mongo:connect")
    assert none.returncode == 1 and "blog is linked to no mongo service" in none.stderr


@pytest.mark.parametrize(
    ("name", "ours"),
    [("pg:psql", "postgres:connect"), ("maintenance:on", "maintenance:enable"), ("tar:in", "from-archive")],
)
def test_a_command_that_has_another_name_here_is_named(laptop: Laptop, name: str, ours: str) -> None:
    laptop.add_remote()
    done = laptop.run(name)
    assert done.returncode == 1 and f"The host has no command {name}" in done.stderr and ours in done.stderr
    assert laptop.asked()[-1].endswith("completion:commands"), "nothing else was sent"


def test_init_names_the_missing_key_then_adds_it_over_root_and_can_be_repeated(laptop: Laptop) -> None:
    refused = laptop.run("init", "host")
    assert refused.returncode == 255
    assert "host does not know the key of this machine" in refused.stderr
    assert "--add-key" in refused.stderr and "id_ed25519.pub" in refused.stderr
    done = laptop.run("init", "host", "--add-key", "ann")
    assert done.returncode == 0, done.stderr
    assert (laptop.folder / "known").read_text() == "ssh-ed25519 AAAA ann\n"
    assert any("root@host" in line and "ssh-keys:add ann" in line for line in laptop.asked())
    assert "blog is ready: git push dokku HEAD:main" in done.stdout
    urls = subprocess.run(["git", "remote", "-v"], cwd=laptop.repository, capture_output=True, text=True).stdout
    assert "dokku@host:blog" in urls
    assert laptop.run("init", "host").returncode == 0
    asked = laptop.asked()
    other = laptop.run("init", "elsewhere", "--add-key", "ann")
    assert other.returncode == 1 and "The git remote dokku is dokku@host:blog" in other.stderr
    assert laptop.asked() == asked, "nothing is changed on the host before the remote is known to be free"


def test_a_repository_elsewhere_is_the_one_whose_remotes_change(laptop: Laptop, tmp_path: Path) -> None:
    other = tmp_path / "shop"
    other.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=other, check=True)
    (laptop.folder / "known").touch()
    done = laptop.run("--app-path", str(other), "init", "host")
    assert done.returncode == 0 and "shop is ready" in done.stdout, done.stderr
    assert laptop.run("--app-path", str(other), "remote:add", "live", "dokku@live:shop").returncode == 0
    assert laptop.run("--app-path", str(other), "remote:set", "live").returncode == 0
    assert laptop.run("--app-path", str(other), "remote").stdout == "live\n"
    assert laptop.run("--app-path", str(other), "apps:destroy", "--force").stdout.endswith("git remote live\n")
    assert laptop.run("--app-path", str(other), "remote:list").stdout == "dokku\n"
    assert laptop.run("remote:list").stdout == ""


@pytest.mark.parametrize("words", [("--app", "", "ps"), ("--app=", "ps"), ("--remote", "", "ps")])
def test_an_empty_value_of_a_flag_is_refused_instead_of_meaning_another_app(
    laptop: Laptop, words: tuple[str, ...]
) -> None:
    laptop.add_remote()
    done = laptop.run(*words)
    assert done.returncode == 1 and "is empty" in done.stderr
    assert not (laptop.folder / "asked").exists()


def test_completion_offers_the_host_s_answer_and_the_client_s_own_commands(laptop: Laptop) -> None:
    assert laptop.run("completion:words", "--", "in").stdout == "init\n"
    laptop.add_remote()
    assert laptop.run("completion:words", "--", "ps:").stdout == "ps:scale\n"
    assert laptop.run("completion:words", "--", "ps:s").stdout == "ps:scale\n"
    assert sum("completion:words" in line for line in laptop.asked()) == 1
    assert laptop.run("completion:words", "--", "--app", "").stdout == "blog\nshop\n"
    assert laptop.run("completion:words", "--", "open", "s").stdout == "shop\n"
    assert laptop.run("completion:words", "--", "--remote", "").stdout == "dokku\n"
    assert laptop.run("completion:words", "--", "remote:set", "").stdout == "dokku\n"
    assert laptop.run("completion:words", "--", "remote:s").stdout == "remote:set\nremote:show\n"
    assert laptop.run("completion:words", "--", "tunnel", "").stdout == "postgres:db\nredis:cache\n"
    assert laptop.run("completion:words", "--", "completion", "z").stdout == "zsh\n"
    assert laptop.run("completion:words", "--", "--ap").stdout == "--app\n--app-path\n"
    for words, offered in {
        ("docker-options:add", "de"): "deploy\n",
        ("docker-options:add", "build,"): "build,deploy\nbuild,run\n",
        ("docker-options:add", "build,r"): "build,run\n",
        ("ssh-keys:set", "ann", "--apps=s"): "--apps=shop\n",
        ("ssh-keys:set", "ann", "--apps=blog,"): "--apps=blog,shop\n",
    }.items():
        assert laptop.run("completion:words", "--", *words).stdout == offered, words
    assert sum("docker-options" in line for line in laptop.asked()) == 1, "one question for each argument"
    assert subprocess.run(["bash", "-n"], input=laptop.run("completion").stdout, text=True).returncode == 0


def test_open_prints_the_url_and_remote_commands_choose_the_remote(laptop: Laptop) -> None:
    laptop.add_remote()
    assert laptop.run("open", "/admin").stdout == "http://blog.example.com/admin\n"
    for words in (("--verbose",), ("blog", "shop"), ("",)):
        refused = laptop.run("open", *words)
        assert refused.returncode == 1 and "Usage: dokku open" in refused.stderr
    assert laptop.run("remote").stdout == "dokku\n"
    assert laptop.run("remote:add", "live", "dokku@other:blog").returncode == 0
    assert laptop.run("remote:set", "live").returncode == 0
    assert laptop.run("remote:list").stdout == "dokku\nlive\n"
    assert laptop.run("remote").stdout == "live\n"
    assert laptop.run("remote:set", "nothing").returncode == 20


def test_tunnel_carries_each_connection_over_an_ssh_of_its_own(laptop: Laptop) -> None:
    laptop.add_remote()
    with subprocess.Popen(
        laptop.argv("tunnel", "postgres:db"), cwd=laptop.repository, env=laptop.env, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        stop = threading.Timer(60, child.kill)
        stop.start()
        port = int(child.stdout.readline().partition("127.0.0.1:")[2].partition(" ")[0])
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(b"hello")
                connection.shutdown(socket.SHUT_WR)
                assert connection.recv(100) == b"hello"
                assert connection.recv(100) == b""
        child.terminate()
        stop.cancel()
    assert sum("postgres:tunnel db" in line for line in laptop.asked()) == 2


def test_tunnel_refuses_a_port_that_was_asked_for_and_is_taken(laptop: Laptop) -> None:
    laptop.add_remote()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = laptop.run("tunnel", "postgres:db", "--listen", str(port))
    assert done.returncode == 1 and f"The port {port} of this machine cannot be used" in done.stderr


def test_a_plain_command_loads_little_before_ssh_takes_over() -> None:
    """Nothing of the standard library that takes longer than all the rest: the client starts before each command."""
    program = (
        "import os, sys; before = set(sys.modules)\n"
        "os.execvp = lambda *_: (print(*sorted(set(sys.modules) - before)), os._exit(0))\n"
        "from dokkupy_client import cli, listing\n"
        "listing.listing_of = lambda *_: listing.Listing({'commands': {'ps': {'app': 0, 'arguments': 1, 'values': []}}})\n"
        "cli.main(['ps'])\n"
    )
    env = {**os.environ, "PYTHONPATH": str(SOURCE), "DOKKU_HOST": "host"}
    done = subprocess.run(
        [sys.executable, "-S", "-u", "-c", program], env=env, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert loaded, done.stderr
    assert not {"subprocess", "typing", "re", "inspect", "dataclasses", "shlex", "argparse"} & set(loaded)
    assert len(loaded) <= 14, loaded
