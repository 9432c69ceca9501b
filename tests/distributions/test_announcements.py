"""A command announces a step only when it begins it, so a refused command prints nothing to standard output. Generated
for all commands."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dokkupy.cli.declare import Command, Group, Parameter, parameters
from dokkupy.errors import Busy
from dokkupy.host import Host
from dokkupy.kernel import locks
from dokkupy.kernel.discovery import entry_points
from dokkupy_apps.testing import deploy
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import Run, command_line

TREE = {"Procfile": "web: serve\nworker: work\n"}
PLUGINS = tuple(sorted({entry.plugin for entry in entry_points() if entry.group == "dokkupy.commands"} - {"core"}))

BY_NAME = {
    "app": "blog",
    "old-app": "blog",
    "new-app": "copy",
    "KEY=VALUE": "COLOR=blue",
    "KEY": "COLOR",
    "domain": "one.org",
    "scheme:host-port:container-port": "http:8080:3000",
    "proc=count": "web=2",
    "service": "db",
    "release": "1",
    "new-service": "db2",
    "property": "deploy-branch",
    "value": "main",
}
OTHERS = ("blog", "web", "COLOR", "1", "one.org", "http://one.org/x", "* * * * *", "debian:12", "/tmp/x")


def commands() -> Iterator[Command]:
    host = fake_host(Path("/nonexistent"), plugins=PLUGINS)
    for name in sorted(host.registry.group("dokkupy.commands")):
        group = host.registry.load(host.registry.group("dokkupy.commands")[name])
        if isinstance(group, Group):
            yield from (command for command in group.commands.values() if command.mutating and not command.root)


def word(parameter: Parameter) -> str:
    for text in (BY_NAME.get(parameter.metavar), *OTHERS):
        if text is not None:
            try:
                parameter.convert(text)
            except Exception:
                continue
            return text
    return "x"


def words(command: Command) -> list[str]:
    found = []
    for one in parameters(command.function):
        if one.kind == "scope":
            found.append("blog")
        elif one.kind in ("argument", "rest"):
            found.append(word(one))
    flags = {flag for one in parameters(command.function) if one.kind == "option" for flag in one.flags}
    return [*(["--force"] if "--force" in flags else []), *found]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path, plugins=PLUGINS, real=("source",))
    deploy(host, "blog", TREE)
    return host


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return command_line(host, capsys, monkeypatch)


@pytest.fixture
def nothing_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prevent commands of this test from starting programs and sending signals."""

    def refused(*_: Any, **__: Any) -> Any:
        raise OSError("a test asked for the real system")

    for owner, name in ((subprocess, "Popen"), (os, "kill"), (os, "execve"), (os, "execvpe")):
        monkeypatch.setattr(owner, name, refused)


COMMANDS = {command.full_name: command for command in commands()}


def test_there_are_commands_to_try() -> None:
    assert len(COMMANDS) > 150
    assert {"config:set", "ps:scale", "postgres:destroy", "domains:remove", "git:set"} <= {*COMMANDS}


BEGUN = {"git:from-image": "Pulling", "git:load-image": "Loading image"}
"""Commands whose work begins at the announcement, and which fail at their first step here."""


@pytest.mark.usefixtures("nothing_outside")
def test_a_refused_command_announces_nothing(host: Host, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is refused because another operation has the lock, after its arguments were parsed and before it
    changed anything."""

    def taken(*_: Any, **__: Any) -> Any:
        raise Busy("another command holds the lock")

    monkeypatch.setattr(locks, "take", taken)
    early = []
    refused = 0
    for name, command in COMMANDS.items():
        status, output, error = run(name, *words(command))
        refused += "holds the lock" in error
        if status and output and not (name in BEGUN and BEGUN[name] in output):
            early.append(f"{name} says {output!r}, and then {error!r}")
    assert early == []
    assert refused > 50


@pytest.mark.parametrize(
    "typed",
    [
        ["config:set", "--global", "X=1"],
        ["config:set", "nosuch", "X=1"],
        ["config:unset", "nosuch", "X"],
        ["config:clear", "nosuch"],
        ["ps:scale", "blog", "wbe=2"],
        ["ps:scale", "nosuch", "web=2"],
        ["ps:stop", "nosuch"],
        ["ps:start", "nosuch"],
        ["apps:create", "blog"],
        ["apps:clone", "blog", "blog"],
        ["apps:rename", "nosuch", "copy"],
        ["apps:destroy", "nosuch", "--force"],
        ["domains:remove", "nosuch", "one.org"],
        ["ports:add", "nosuch", "http:80:80"],
        ["postgres:destroy", "nosuch", "--force"],
        ["releases:rollback", "blog", "v99"],
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("nothing_outside")
def test_refused_command_prints_only_the_refusal(typed: list[str], host: Host, run: Run) -> None:
    status, output, error = run(*typed, who="key:nobody" if "--global" in typed else "tester")
    assert status != 0
    assert output == ""
    assert error
