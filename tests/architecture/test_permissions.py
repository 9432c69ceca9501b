"""The table of permissions (docs/reference/permissions.md): every command, with every role, on own and foreign
things."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

import pytest
from dokkupy.cli.declare import Command, Parameter, parameters
from dokkupy.cli.main import main
from dokkupy.host import Host
from dokkupy.kernel.registry import Registry
from dokkupy_sdk.testing import fake_host

from tests.architecture.each import for_each
from tests.architecture.readers import nodes

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from permissions import BACKUPS, OTHER, ROLES, STORAGE, Call, calls, commands, verdict, world  # noqa: E402

REGISTRY = Registry()
COMMANDS = commands(REGISTRY)
full_name = attrgetter("full_name")
CALLS = [call for command in COMMANDS for call in calls(command)]

EVERYBODY, DEPLOYERS, ADMINS = "yes/yes/yes", "no/yes/yes", "no/no/yes"
MINE = {"app:read": EVERYBODY, "app:write": DEPLOYERS, "app:admin": ADMINS, "host:read": ADMINS, "host:write": ADMINS}
MINE |= {"service:read": EVERYBODY, "service:connect": DEPLOYERS, "service:write": DEPLOYERS, "open": EVERYBODY}
"""Permission -> whether viewer/deployer/admin have it on the key's own things."""


def expected(command: Command, column: str) -> str:
    """The table by the rule: on own things, the role decides. On other things and with `--global`, only admins have the
    permission."""
    permission = command.permission
    if permission == "open":
        return EVERYBODY
    if column in ("other app", "service of others", "service without links"):
        return ADMINS
    if column == "--global":
        return EVERYBODY if command.full_name.rpartition(":")[2] == "report" else ADMINS
    return MINE[permission]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    return world(tmp_path_factory.mktemp("world"), REGISTRY)


@functools.cache
def verdict_of(host: Host, role: str, call: Call) -> str:
    return verdict(host, role, call)


@for_each(COMMANDS, full_name)
def test_a_command_allows_what_its_permission_says(command: Command, host: Host) -> None:
    found = {call.column: "/".join(verdict_of(host, role, call) for role in ROLES) for call in calls(command)}
    assert found, f"{command.full_name} has no cell in the table: teach docs/permissions.py its arguments"
    for column, cell in found.items():
        if cell != "//":
            assert cell.replace("own", "yes") == expected(command, column), column


@pytest.fixture(scope="module")
def typed_host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """The same apps and services on fakes, with all plugins."""
    root = tmp_path_factory.mktemp("typed")
    world(root, REGISTRY)
    return fake_host(root, plugins=tuple({entry.plugin for entry in REGISTRY.entries}))


def state(host: Host) -> Iterator[tuple[str, bytes]]:
    for path in sorted(Path(host.root).rglob("*.toml")):
        yield str(path), path.read_bytes()


def test_every_refused_cell_is_refused_on_the_command_line(
    host: Host, typed_host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run the command as the key, through the whole command line: exit status 1, no output, and no change."""
    before = dict(state(typed_host))
    count = 0
    for call in CALLS:
        for role in ROLES:
            if verdict_of(host, role, call) == "no" and not call.command.root:
                status = main([call.command.full_name, *call.words], host=typed_host, who=f"key:{role}")
                shown = capsys.readouterr()
                assert (status, shown.out) == (1, ""), (role, call)
                assert shown.err.startswith(" !     Access denied\n"), (role, call)
                count += 1
    assert count > 1000 and dict(state(typed_host)) == before


ABSENT = {OTHER: "yak", "othersvc": "nosvc", STORAGE[OTHER]: "nostore", BACKUPS[OTHER]: "cccccc"}
"""What belongs to another app -> the same kind of name, of nothing."""


def test_a_refusal_does_not_say_whether_the_thing_exists(typed_host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command on what belongs to others answers a deployer as it does on what does not exist, with what to do."""

    def answer(words: list[str]) -> tuple[int, str, str]:
        status = main(words, host=typed_host, who="key:deployer")
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    count = 0
    for call in CALLS:
        if call.column in ("other app", "service of others") and not call.command.root:
            words = list(call.words)
            absent = list(words)
            for name, other in ABSENT.items():
                absent = [word.replace(name, other) for word in absent]
            status, out, err = answer([call.command.full_name, *words])
            for name, other in ABSENT.items():
                err = err.replace(name, other)
            assert (status, out, err) == answer([call.command.full_name, *absent]), call
            assert "Ask an admin (admin)" in err, call
            count += 1
    assert count > 500


@pytest.mark.parametrize("words", [("apps:create", "new"), ("apps:create", OTHER)])
def test_a_deployer_that_creates_an_app_reads_who_may(
    typed_host: Host, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(list(words), host=typed_host, who="key:deployer") == 1
    name = words[1]
    what = f"The key deployer may create only the apps that an admin gave it, and not {name}; its apps: own"
    ask = f"Ask an admin (admin) for: dokkupy ssh-keys:set deployer --apps own,{name}"
    assert capsys.readouterr().err == f" !     Access denied\n !     {what}\n !     {ask}\n"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("backups:restore", "app:own", "--at", "bbbbbb"), "backup bbbbbb"),
        (("backups:info", "bbbbbb"), "backup bbbbbb"),
        (("backups:verify", "bbbbbb"), "subject or backup bbbbbb"),
        (("backups:list", f"app:{OTHER}"), f"subject app:{OTHER}"),
        (("run:logs", "--container", f"{OTHER}.run.1"), f"one-off container {OTHER}.run.1"),
        (("run:stop", "own", "--container", f"{OTHER}.run.1"), f"one-off container {OTHER}.run.1"),
    ],
)
def test_id_is_checked_in_every_command(
    typed_host: Host, words: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(list(words), host=typed_host, who="key:deployer") == 1
    assert f"There is no {named} that the key deployer may use; its apps: own" in capsys.readouterr().err


REACH = [call for call in CALLS if call.column in ("--all", "no argument") and call.command.permission != "open"]


@pytest.mark.parametrize("role", ["viewer", "deployer"])
def test_commands_for_several_apps_affect_only_apps_of_the_key(
    host: Host, typed_host: Host, role: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `--all` and in lists, other apps are neither in the output nor in the plan."""
    Path(typed_host.audit.path).unlink(missing_ok=True)  # `audit:list` shows what the key typed in the tests above
    count = 0
    for call in REACH:
        if verdict_of(host, role, call) in ("own", "yes"):
            dry = ["--dry-run"] if call.command.mutating else []
            main([call.command.full_name, *call.words, *dry], host=typed_host, who=f"key:{role}")
            shown = capsys.readouterr()
            assert OTHER not in shown.out + shown.err, (call, shown)
            assert "Internal error" not in shown.err, (call, shown)
            count += 1
    assert count > 30


SUBJECTS = {"app", "container", "service", "release", "build", "key", "domain", "port", "subject", "target", "role"}


def named_subjects(item: Parameter) -> set[str]:
    parts = item.metavar.lower().replace("_", "-").strip("-").split("-")
    parts += item.name.lower().strip("_").split("_") + item.flags[0].strip("-").split("-")
    return SUBJECTS & {part.removesuffix("s") for part in parts}


NO_SUBJECT = {
    "key": "of `KIND:set SERVICE KEY`, the name of a property; of `backup-auth`, a cloud's key",
    "secret": "of `backup-auth`, a cloud's secret key",
    "host_key": "the line by which a backup target's host is known",
    "build_dir": "a directory inside the image",
    "restart_apps": "true or false, of the apps linked to the service",
    "git-upload-archive app": "always refused",
}
"""Parameter of every command, or of one command -> the reason why a plain text is right."""


@for_each(COMMANDS, full_name)
def test_an_argument_that_names_a_thing_has_its_type(command: Command) -> None:
    """A plain text would reach the command unchecked. In this way, `run:logs` once read the logs of other apps."""
    plain = [
        item.name
        for item in parameters(command.function)
        if item.convert is str
        and not item.is_bool
        and item.kind in ("argument", "option")
        and named_subjects(item)
        and not {item.name, f"{command.full_name} {item.name}"} & {*NO_SUBJECT}
    ]
    assert plain == [], f"{command.full_name} takes {plain} as plain text: give them the type that says whose they are"


def lists_all_apps(path: Path) -> bool:
    for node in nodes(path):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "apps":
            if isinstance(node.func.value, ast.Attribute) and node.func.value.attr == "store":
                return True
    return False


def test_no_command_lists_apps_by_itself() -> None:
    """`--all` means the apps that the caller may see, so modules of commands use `visible_apps` and not the store."""
    modules = {command.function.__code__.co_filename for command in COMMANDS}
    assert len(modules) > 30
    assert [module for module in sorted(modules) if lists_all_apps(Path(module))] == []
