"""What reaches the host: the arguments as they were typed, the app where it belongs."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from dokkupy_client import arguments, dokku_rules, ssh
from dokkupy_client.faults import Fault
from dokkupy_client.listing import Listing
from dokkupy_client.remotes import Target

AWKWARD = [
    "",
    " ",
    "two  words",
    "it's",
    '"quoted"',
    "*",
    "$HOME",
    "`id`",
    "back\\slash",
    "a;b",
    "K=v w",
    "~",
    "ü",
    "--",
    "#",
    "a\tb",
    "\r",
    "naïve ☃ 🙂",
    "-x",
    'it\'s "both" $(id)',
    "'",
    "{a,b}",
    "!!",
    "<in >out |",
]
HOST = Listing(
    {
        "commands": {
            "config:set": {"app": 0, "arguments": None, "values": ["--format"]},
            "ps:report": {"app": 0, "arguments": 1, "values": ["--format"]},
            "ps": {"app": 0, "arguments": 1, "values": []},
            "apps:list": {"app": None, "arguments": 0, "values": []},
            "apps:clone": {"app": 0, "arguments": 2, "values": []},
            "postgres:link": {"app": 1, "arguments": 2, "values": ["--alias"]},
            "run": {"app": 0, "arguments": None, "values": ["--env"]},
        },
        "bare": {"apps": "apps:list", "config": "config:show"},
    }
)


@pytest.mark.parametrize("word", [*AWKWARD, "a\nb"])
def test_each_argument_survives_the_host_s_splitting(word: str) -> None:
    assert shlex.split(ssh.line(["config:set", word, "last"])) == ["config:set", word, "last"]


@pytest.mark.parametrize("word", AWKWARD)
def test_each_argument_survives_dokku_s_splitting_by_xargs(word: str) -> None:
    line = ssh.line(["config:set", word, "last"])
    done = subprocess.run(["xargs", "-n", "1", "printf", "<%s>"], input=line.encode(), capture_output=True, check=True)
    assert done.stdout.decode() == f"<config:set><{word}><last>"


def test_dokku_cannot_receive_a_line_break_and_the_argument_is_named() -> None:
    with pytest.raises(Fault, match="argument: CERT") as refusal:
        dokku_rules.require_transferable(["config:set", "CERT=a\nb"])
    assert "--encoded" in refusal.value.hint


def test_ssh_gets_a_terminal_on_request_the_port_and_one_command_line() -> None:
    target = Target("host", port="2222", app="blog")
    argv = ["ssh", "-o", "LogLevel=ERROR", "-t", "-p", "2222", "dokku@host", "--", "--app blog run 'a b'"]
    assert ssh.command(target, ["--app", "blog", "run", "a b"], tty=True) == argv
    assert "-T" in ssh.command(target, ["ps"])
    assert "BatchMode=yes" in ssh.command(target, ["ps"], batch=True)


def test_the_host_learns_whether_the_reader_wants_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target("host")
    assert not [word for word in ssh.command(target, ["ps"]) if "SendEnv" in word]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "-oSendEnv=NO_COLOR" in ssh.command(target, ["ps"])


@pytest.mark.parametrize(
    ("line", "takes"),
    [
        ("config:set KEY=value", True),
        ("config:set --global KEY=value", False),
        ("ps:report", True),
        ("ps:report --format json", True),
        ("ps:report shop", False),
        ("ps:report --all", False),
        ("ps", True),
        ("apps", False),
        ("apps list", False),
        ("apps:clone blog-copy", True),
        ("apps:clone shop shop-copy", False),
        ("postgres:link db", True),
        ("postgres:link db --alias OTHER", True),
        ("postgres:link db shop", False),
        ("run --env A=b bash", True),
        ("unknown:command", False),
    ],
)
def test_app_is_passed_to_commands_that_take_one_which_was_not_typed(line: str, takes: bool) -> None:
    assert HOST.takes_app(line.split()) is takes


@pytest.mark.parametrize(
    ("line", "takes"),
    [
        ("config:set KEY=value", True),
        ("config:set --global KEY=value", False),
        ("logs -t", True),
        ("apps:list", False),
        ("apps", False),
        ("certs", False),
        ("certs:add", True),
        ("nginx", False),
        ("events:on", False),
        ("plugin:list", False),
        ("ssh-keys:add", False),
        ("network:create", False),
        ("network:set", True),
        ("config:help", False),
    ],
)
def test_on_a_dokku_host_the_rules_of_dokku_s_client_decide(line: str, takes: bool) -> None:
    assert Listing({}).takes_app(line.split()) is takes


def test_flags_before_the_command_are_the_client_s_or_the_host_s() -> None:
    typed = arguments.split(["--quiet", "--app", "shop", "--remote=live", "--label", "a=b", "run", "--app", "x"])
    assert (typed.app, typed.remote, typed.flags) == ("shop", "live", ["--quiet", "--label", "a=b"])
    assert typed.words == ["run", "--app", "x"]
    with pytest.raises(Fault, match="--app has no value"):
        arguments.split(["--app"])
