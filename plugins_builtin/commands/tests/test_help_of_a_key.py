"""Help, completion and did-you-mean show a key only what it may use."""

from __future__ import annotations

import io
import json
import os
import pty
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.access import GRANTS
from dokkupy_sdk.cli import Group
from dokkupy_sdk.entry import COMMANDS, main
from dokkupy_sdk.names import AppName

from plugins_builtin.commands.tests.conftest import Run

pytestmark = pytest.mark.unit
ROLES = ("viewer", "deployer")
HIDDEN_IN_PS = {"viewer": "7 more commands", "deployer": "1 more command"}


@pytest.fixture
def keys(host: Host) -> None:
    rows = {role: {"role": role, "apps": ["blog"]} for role in (*ROLES, "admin")}
    host.store.write("global", "ssh-keys", data={"keys": rows})


def permissions(host: Host) -> dict[str, str]:
    """Command -> its permission, of those that are shown."""
    groups = [host.registry.load(entry) for entry in host.registry.group(COMMANDS).values()]
    return {
        one.full_name: "root" if one.root else one.permission
        for group in groups
        if isinstance(group, Group)
        for one in group.commands.values()
        if not one.hidden
    }


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("role", ROLES)
def test_help_lists_the_commands_that_a_key_may_use_and_counts_the_hidden_ones(run: Run, host: Host, role: str) -> None:
    may = {name for name, permission in permissions(host).items() if permission in ("open", *GRANTS[role])}
    groups = {name.partition(":")[0] for name in may}
    shown = {row["command"] for row in json.loads(run("help", "--format", "json", who=f"key:{role}")[1])}
    assert (shown - groups, groups - shown) == (set(), set())
    every = host.registry.group(COMMANDS)
    assert (
        f"The key {role} ({role}) may not use {len(every) - len(groups)} more groups of commands."
        in run("help", who=f"key:{role}")[1]
    )
    for group in every:
        rows = json.loads(run("help", group, "--format", "json", who=f"key:{role}")[1])
        assert {row["command"] for row in rows} == {name for name in may if name.partition(":")[0] == group}
    text = run("domains:help", who=f"key:{role}")[1]
    assert "domains:report" in text and "domains:add-global" not in text and f"The key {role} " in text
    assert run("domains", "--help", who=f"key:{role}")[1] == text
    assert run("ps:help", who=f"key:{role}")[1].endswith(f"may not use {HIDDEN_IN_PS[role]}.\n")


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("who", ["tester", "key:admin"])
def test_help_leaves_nothing_out_for_an_admin(run: Run, host: Host, who: str) -> None:
    shown = {row["command"] for row in json.loads(run("help", "--format", "json", who=who)[1])}
    assert shown == set(host.registry.group(COMMANDS)) and "may not use" not in run("help", who=who)[1]


@pytest.mark.usefixtures("keys")
def test_did_you_mean_proposes_only_what_the_key_may_use(run: Run) -> None:
    assert "Did you mean domains:add-global?" in run("domains:add-globa", "x")[2]
    assert "add-global" not in run("domains:add-globa", "x", who="key:deployer")[2]
    assert "Did you mean domains:add?" in run("domains:ad", "blog", who="key:deployer")[2]


@pytest.mark.usefixtures("keys")
def test_a_removed_key_sees_only_the_open_commands(run: Run, host: Host) -> None:
    shown = {row["command"] for row in json.loads(run("help", "--format", "json", who="key:gone")[1])}
    may = {name for name, permission in permissions(host).items() if permission == "open"}
    assert shown == {name.partition(":")[0] for name in may}
    assert "The key gone (not on record) may not use" in run("help", who="key:gone")[1]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["apps:creat", "x"], "apps:create"),
        (["scale", "blog", "web=2"], "ps:scale"),
        (["confg:set", "blog", "A=1"], "config:set"),
        (["ps:report", "blgo"], "blog"),
        (["config:set", "blog", "--norestart", "A=1"], "--no-restart"),
        (["ps:set", "blog", "restart-polcy", "always"], "restart-policy"),
        (["ps:set", "blog", "restart-policy", "alwys"], "always"),
        (["--app", "blgo", "ps:report"], "blog"),
        (["builds:list", "blog", "--status", "cancelled"], "canceled"),
        (["config:export", "blog", "--format=envfiel"], "envfile"),
        (["help", "confg:set"], "config:set"),
        (["apps:destory", "blog"], "apps:destroy"),
    ],
)
def test_mistyped_name_of_every_kind_is_answered_with_the_right_one(run: Run, words: list[str], meant: str) -> None:
    run("apps:create", "blog")
    status, _, error = run(*words)
    assert status and f"Did you mean {meant}" in error


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@contextmanager
def keyboard(answer: str) -> Iterator[TextIO]:
    """The standard input of a terminal at which this was typed; with an empty text, nobody is there."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer.encode())
        with open(theirs) as stdin:
            yield stdin
    finally:
        os.close(ours)


@pytest.mark.parametrize(
    ("line", "asks"),
    [
        (["app:creat", "x"], "apps:create"),
        (["apps:creat", "x"], "apps:create"),
        (["--quiet", "apps:creat", "x"], ""),
        (["apps:creat", "x", "--json"], ""),
        (["apps:destory", "blog"], ""),
        (["confg:clear", "blog"], ""),
    ],
)
def test_a_person_is_asked_whether_to_run_what_was_meant_unless_it_removes_something(
    host: Host, monkeypatch: pytest.MonkeyPatch, line: list[str], asks: str
) -> None:
    monkeypatch.setattr("dokkupy_sdk.correction.PATIENCE", 0)
    for answer, runs in (("n\n", False), ("\n", False), ("", False), ("\x04", False), ("y\n", bool(asks))):
        screen = Screen()
        monkeypatch.setattr("sys.stderr", screen)
        with keyboard(answer) as stdin:
            monkeypatch.setattr("sys.stdin", stdin)
            status = main(line, host=host)
        assert (f"Run `{asks}` instead" in screen.getvalue()) == bool(asks)
        assert (status == 0, host.store.has_app(AppName("x"))) == (runs, runs)


@pytest.mark.parametrize("closed", [(0,), (0, 1, 2)])
def test_a_command_whose_caller_closed_its_streams_ends_with_its_own_status(
    tmp_path: Path, closed: Sequence[int]
) -> None:
    """Python has no object for a closed one. A daemon or `<&-` closes them."""
    errors = tmp_path / "errors"
    to_file = (os.POSIX_SPAWN_OPEN, 2, str(errors), os.O_WRONLY | os.O_CREAT, 0o600)
    for words, expected in ((["version"], 0), (["apps:lst"], 1)):
        argv = [sys.executable, "-I", "-m", "dokkupy", *words]
        environment = {"PATH": os.environ["PATH"], "DOKKUPY_ROOT": str(tmp_path)}
        actions = [to_file, *((os.POSIX_SPAWN_CLOSE, one) for one in closed)]
        child = os.posix_spawn(sys.executable, argv, environment, file_actions=actions)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == expected
    assert "Traceback" not in errors.read_text() and ("Did you mean apps:list?" in errors.read_text()) == (
        2 not in closed
    )


def test_an_error_is_shown_although_the_plugin_that_knows_what_was_meant_fails(
    run: Run, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object) -> list[str]:
        raise TypeError("of a completer")

    monkeypatch.setattr("dokkupy_sdk.completion.offered", fail)
    status, _, error = run("apps:report", "blgo")
    assert status == 20 and "blgo does not exist" in error and "completer" not in error


def test_nobody_is_asked_over_a_pipe(run: Run) -> None:
    status, _, error = run("apps:creat", "x", stdin="y\n")
    assert status == 1 and "Did you mean apps:create?" in error and "instead" not in error


@pytest.mark.usefixtures("keys")
def test_no_app_is_offered_that_the_key_may_not_see(run: Run) -> None:
    """The key's own app was destroyed, so its name does not exist either."""
    run("apps:create", "blogs")
    assert "Did you mean blogs?" in run("apps:report", "blog")[2]
    status, _, error = run("apps:report", "blog", who="key:deployer")
    assert status == 20 and "blogs" not in error


def test_the_help_of_one_command_has_three_spellings(run: Run) -> None:
    shown = run("config:set", "--help")[1]
    assert "Usage: dokku config:set" in shown and "--no-restart" in shown
    assert run("config:set", "-h")[1] == run("help", "config:set")[1] == shown


@pytest.mark.usefixtures("keys")
def test_the_help_of_a_command_is_for_keys_that_may_use_it(run: Run) -> None:
    assert "Usage:" in run("help", "domains:add", who="key:deployer")[1]
    status, _, error = run("help", "domains:add-global", who="key:deployer")
    assert status and "is not a dokku command" in error
