"""The help of each command has valid examples, and `help` groups each namespace by its task."""

from __future__ import annotations

import os
import shlex
from operator import attrgetter
from pathlib import Path

from dokkupy.cli.declare import Command, Group, parameters, placeholder
from dokkupy.cli.main import resolve, split_globals, take_late_globals
from dokkupy.cli.parse import parse
from dokkupy.host import Host
from dokkupy_sdk.examples import examples
from dokkupy_sdk.help import HIDDEN, OTHER, SECTIONS, task_of
from dokkupy_sdk.typer_app import help_text

from tests.architecture.each import for_each

HOST = Host(os.devnull)
GROUPS: list[Group] = [HOST.registry.load(entry) for entry in HOST.registry.group("dokkupy.commands").values()]
COMMANDS = [command for group in GROUPS for command in group.commands.values() if not command.hidden]
BUILT_IN = {f"dokkupy-{path.name}" for path in (Path(__file__).parents[2] / "plugins_builtin").iterdir()} | {
    "dokkupy-core"
}


@for_each(COMMANDS, attrgetter("full_name"))
def test_examples_of_a_command_parse(command: Command) -> None:
    lines = examples(HOST, command)
    assert lines
    for line in lines:
        flags, words = split_globals(shlex.split(line.partition(" < ")[0].partition(" > ")[0]))
        found, rest = resolve(HOST, words[0], words[1:])
        assert found is command, line
        call = parse(command, take_late_globals(flags, found, rest), flags.app)
        assert len(call.arguments) + len(call.keywords) > 0 or len(words) == 1, line
    shown = help_text(HOST, command)
    assert f"Examples:\n  dokku {lines[0]}" in shown
    assert not {"[required]", "<str>", "SCOPE", "<app>"} & set(shown.replace("\n", " ").split())


def test_help_knows_the_task_of_each_built_in_namespace() -> None:
    """Declare it in the distribution's pyproject.toml: [project.entry-points."dokkupy.tasks"] (dokkupy_sdk/help.py)."""
    entries = HOST.registry.group("dokkupy.commands")
    tasks = task_of(HOST, entries)
    missing = [name for name, entry in entries.items() if entry.distribution in BUILT_IN and tasks[name] == OTHER]
    assert missing == []
    hidden = {group.namespace for group in GROUPS if all(one.hidden for one in group.commands.values())}
    assert {name for name, task in tasks.items() if task == HIDDEN} == hidden
    for entry in HOST.registry.group("dokkupy.tasks").values():
        assert HOST.registry.load(entry) in (*SECTIONS, HIDDEN), entry


@for_each(COMMANDS, attrgetter("full_name"))
def test_help_of_a_command_reads_like_every_other(command: Command) -> None:
    """The first line is a sentence. Each option says what its value is: with a capital, without a full stop."""
    sentences = (command.function.__doc__ or "").strip().partition("\n\n")[0]
    assert sentences[:1].isupper() and sentences.endswith("."), sentences
    for item in parameters(command.function):
        if item.kind == "unknown-flags":
            continue
        values = item.complete if isinstance(item.complete, tuple) else ()
        first = item.help.split(" ")[0].strip(",")
        assert item.help or item.kind != "option", item.flags
        assert not first or first[0].isupper() or not first.isalpha() or first in values, item.help
        assert not item.help.endswith("."), item.help


@for_each(COMMANDS, attrgetter("full_name"))
def test_example_of_a_setting_is_one_that_the_command_accepts(command: Command) -> None:
    if command.group.namespace not in HOST.registry.group("dokkupy.settings"):
        return
    settings = HOST.registry.load(HOST.registry.group("dokkupy.settings")[command.group.namespace])
    declared = [item.metavar for item in parameters(command.function) if item.kind in ("argument", "scope")]
    if declared[:2] != ["APP|--global", "property"]:
        return
    for line in examples(HOST, command):
        scope, name, *values = shlex.split(line)[1:]
        if not name.startswith("task."):
            prop = settings.require(name, is_global=scope == "--global")
            assert prop.parse(" ".join(values))


NOUNS = {
    *(
        "ALIAS",
        "BRANCH",
        "DIR",
        "DIRECTORY",
        "FILE",
        "FINGERPRINT",
        "FORMAT",
        "ID",
        "IMAGE",
        "KEY",
        "KIND",
        "MODE",
        "NAME",
    ),
    *("NAMESPACE", "NETWORK", "OPTIONS", "PASSWORD", "POLICY", "RELEASE", "ROLE", "SIZE", "STATUS", "TARGET", "TYPE"),
    *("USER", "VERSION"),
}
"""Values that have the same name as their flag."""


@for_each(COMMANDS, attrgetter("full_name"))
def test_the_usage_says_what_the_value_of_an_option_is(command: Command) -> None:
    """`--since TIME`, not `--since SINCE`."""
    for item in (one for one in parameters(command.function) if one.kind == "option" and not one.is_bool):
        last = max(item.flags, key=len).rpartition("-")[2].upper()
        assert placeholder(item) != last or last in NOUNS, f"{item.flags}: give Opt a noun"


def test_the_example_of_an_upgrade_has_a_version_of_its_kind() -> None:
    images = {name: HOST.registry.load(entry).image for name, entry in HOST.registry.group("dokkupy.datastore").items()}
    lines = {one.group.namespace: examples(HOST, one)[0] for one in COMMANDS if one.full_name.endswith(":upgrade")}
    assert len(images) > 10
    for kind, image in images.items():
        assert lines[kind] == f"{kind}:upgrade db --image-version {image.rpartition(':')[2]}"
