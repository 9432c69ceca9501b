"""The prompt, the completion and the help of one command."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from dokkupy.cli.main import main
from dokkupy.host import Host
from dokkupy_host.completion.scripts import SCRIPT


def complete(host: Host, capsys: pytest.CaptureFixture[str], *typed: str) -> list[str]:
    capsys.readouterr()
    assert main(["completion:words", "--", *typed], host=host) == 0
    return capsys.readouterr().out.split()


def test_commands_flags_and_apps_are_completed(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    main(["apps:create", "blog"], host=host)
    assert "config" in complete(host, capsys, "conf")
    assert "config:set" in complete(host, capsys, "config:s")
    assert complete(host, capsys, "config:set", "--no-") == ["--no-restart"]
    assert complete(host, capsys, "config:set", "b") == ["blog"]
    assert complete(host, capsys, "nonsense", "b") == []
    assert complete(host, capsys, "nonsense:x") == []


def test_a_key_does_not_learn_the_names_of_other_apps(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    main(["apps:create", "blog"], host=host)
    main(["apps:create", "shop"], host=host)
    host.store.write("global", "ssh-keys", data={"keys": {"eve": {"role": "viewer", "apps": ["shop"]}}})
    host = host.for_invocation(who="key:eve")
    assert complete(host, capsys, "ps:report", "") == ["shop"]


@pytest.mark.parametrize(
    ("word", "found", "left"),
    [
        ("config:s", "config:set config:show", "set show"),
        ("--status=c", "--status=canceled", "canceled"),
        ("--at=2026:0", "--at=2026:01", "01"),
        ("blo", "blog", "blog"),
    ],
)
def test_bash_accepts_the_script_and_drops_the_part_before_a_colon_or_an_equals_sign(
    tmp_path: Path, word: str, found: str, left: str
) -> None:
    program = tmp_path / "dokkupy"
    program.write_text(f'#!/bin/sh\nprintf -- "%s\\n" {found}\necho "$@" >"$0.asked"\n')
    program.chmod(0o755)
    asked = f'{SCRIPT}\nCOMP_LINE="{program} {word}"; COMP_POINT=${{#COMP_LINE}}; _dokkupy {program}; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{left}\n", "")
    assert (tmp_path / "dokkupy.asked").read_text() == f"completion:words -- {word}\n"


def test_the_shell_runs_each_line_as_its_caller_and_ends_with_the_last_status(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host.store.write("global", "ssh-keys", data={"keys": {"eve": {"role": "viewer", "apps": []}}})
    host = host.for_invocation(who="key:eve")
    monkeypatch.setattr(sys, "stdin", io.StringIO("version\n\napps:create 'blog\nssh-keys:list\n"))
    assert main(["shell"], host=host) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("dokku version ")
    assert "cannot be split" in shown.err
    assert "Access denied" in shown.err


def test_trace_stays_on_until_it_is_turned_off(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    def traced() -> bool:
        capsys.readouterr()
        main(["apps:create", f"app{len(host.store.apps())}"], host=host)
        return " ?     " in capsys.readouterr().err

    assert not traced()
    assert main(["trace:on"], host=host) == 0
    assert traced()
    assert main(["trace:off"], host=host) == 0
    assert not traced()


def test_the_help_of_a_command_has_one_usage_line_and_its_options(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config:set", "--help"], host=host) == 0
    shown = capsys.readouterr().out
    assert shown.count("Usage:") == 1
    assert "APP|--global [KEY=VALUE...]" in shown
    assert "--no-restart" in shown
