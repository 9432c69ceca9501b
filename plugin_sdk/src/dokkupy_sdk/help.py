"""`help` and `GROUP:help`. The command line turns `COMMAND --help` into `help:command COMMAND`."""

from __future__ import annotations

import os

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dokkupy_sdk.entry import Command, EntryPoint

DEPLOY = "Deploy and run"
LOOK = "Look"
CONFIGURE = "Configure"
DATA = "Data"
HOST = "The host"
PROGRAM = "This program"
OTHER = "Other"
SECTIONS = (DEPLOY, LOOK, CONFIGURE, DATA, HOST, PROGRAM, OTHER)
"""The tasks by which namespaces are grouped, in the order of the help. A distribution gives its namespaces one by an entry
point of the group `dokkupy.tasks`: `config = "dokkupy_sdk.help:CONFIGURE"`."""
HIDDEN = ""
"""In the place of a task: only programs such as git call the namespace's commands, so it is not listed."""
OF_PLUGINS = "Plugin commands"

group = Group("help", "List commands and show their help")

Namespace = Annotated[str, Arg("COMMAND", complete="dokkupy_sdk.completion:commands")]
Every = Annotated[bool, Opt("--all", help="List every subcommand")]


@group.command("", permission="open")
def help(
    host: Host,
    namespace: Namespace = "",
    *,
    all: Every = False,
) -> CommandResult:
    """List the commands, or show the help of one."""
    if namespace:
        name, _, verb = namespace.partition(":")
        return command_help(host, namespace) if verb not in ("", "help") else group_help(host, name)
    from dokkupy_sdk.entry import COMMANDS, program, usable_groups

    every = host.registry.group(COMMANDS)
    names = usable_groups(host)
    sections = {**task_of(host, every), **of_plugins(host, every)}
    shared = shared_distributions(every.values())
    rows = sorted(
        (*row, sections[name])
        for name in names
        if sections[name] != HIDDEN
        for row in rows_of(host, every[name], shared, every_command=all)
    )
    width = min(60, max((len(row[0]) for row in rows), default=0) + 2)
    screen = screen_width()
    lines = [
        f"Usage: {program()} [--quiet|--trace|--force|--app APP] COMMAND APP [OPTIONS]",
        "",
        *filled(
            f'Primary help options, type "{program()} COMMAND:help" for more details, or {program()} help --all to see all '
            "commands.",
            screen,
        ),
        "",
    ]
    for section in (*SECTIONS, OF_PLUGINS):
        part = [row for row in rows if row[2] == section]
        if part:
            lines += [
                f"{section}:",
                "",
                *(line for row in part for line in two_columns(row[0], row[1], width, screen)),
                "",
            ]
    hidden = sum(sections[name] == HIDDEN for name in set(every) - set(names))
    lines += left_out(host, len(every) - len(names) - hidden, "more group", " of commands")
    return CommandResult([{"command": row[0], "help": row[1], "section": row[2]} for row in rows], lines)


def task_of(host: Host, names: Iterable[str]) -> dict[str, str]:
    """The section of each namespace, by the entry points of `dokkupy.tasks`, which are read and not loaded."""
    tasks = host.registry.group("dokkupy.tasks")
    return {name: globals().get(tasks[name].attribute, OTHER) if name in tasks else OTHER for name in names}


def of_plugins(host: Host, every: Mapping[str, EntryPoint]) -> dict[str, str]:
    """The namespaces of plugins that were installed later."""
    from dokkupy_sdk.state import PluginsFile

    installed_later = set(host.store.load(PluginsFile).sources)
    return {name: OF_PLUGINS for name, entry in every.items() if entry.distribution in installed_later}


@group.command("command", permission="open", hidden=True)
def command(host: Host, name: Namespace) -> CommandResult:
    """Show the help of one command, as `COMMAND --help` does."""
    return command_help(host, name)


def rows_of(host: Host, entry: EntryPoint, shared: set[str], *, every_command: bool) -> list[tuple[str, str]]:
    """The namespace with its help, or each of its commands. A namespace is only loaded when that is necessary."""
    from dokkupy_sdk.entry import usable, usage
    from dokkupy_sdk.errors import PluginError

    if not every_command and entry.distribution not in shared:
        return [(entry.name, summary(entry.directory))]
    try:
        found: Group = host.registry.load(entry)
    except PluginError as fault:
        return [(entry.name, fault.message)]
    return [(usage(one), one.help) for one in usable(host, found)] if every_command else [(entry.name, found.help)]


def shared_distributions(entries: Iterable[EntryPoint]) -> set[str]:
    """The distributions whose summary does not describe their namespace: those with several, core and the SDK."""
    from dokkupy_sdk.entry import ALWAYS

    names = [entry.distribution for entry in entries]
    return {name for name in names if names.count(name) > 1} | set(ALWAYS)


def group_help(host: Host, namespace: str) -> CommandResult:
    from dokkupy_sdk.entry import UnknownCommand, find_namespace, usable

    entry = find_namespace(host.registry, namespace)
    if entry is None:
        raise UnknownCommand(namespace, host)
    found: Group = host.registry.load(entry)
    return CommandResult([row_of(one) for one in usable(host, found)], group_lines(host, found))


def command_help(host: Host, name: str) -> CommandResult:
    """The help of one command, also of a hidden one. The caller must have the command's permission."""
    from dokkupy_sdk.access import caller
    from dokkupy_sdk.entry import UnknownCommand, find_namespace

    entry = find_namespace(host.registry, name.partition(":")[0])
    found: Group | None = host.registry.load(entry) if entry else None
    for one in found.commands.values() if found else ():
        if one.full_name == name and caller(host).has(one.permission):
            from dokkupy_sdk.typer_app import help_text

            return CommandResult([row_of(one)], help_text(host, one).splitlines())
    raise UnknownCommand(name, host, found)


def row_of(command: Command) -> dict[str, str]:
    from dokkupy_sdk.entry import usage

    return {"command": command.full_name, "usage": usage(command), "help": command.help}


def group_lines(host: Host, group: Group) -> list[str]:
    from dokkupy_sdk.entry import program, usable, usage

    rows = [(usage(one), one.help) for one in usable(host, group)]
    width = min(70, max((len(row[0]) for row in rows), default=0) + 2)
    lines = [f"Usage: {program()} {group.namespace}[:COMMAND]", "", group.help, "", "Additional commands:", ""]
    screen = screen_width()
    lines += [line for words, text in rows for line in two_columns(words, text, width, screen)]
    shown = sum(not one.hidden for one in group.commands.values())
    return lines + left_out(host, shown - len(rows), "more command")


def screen_width() -> int:
    """The columns of the reader's terminal; 0 elsewhere, where a program reads a line for each command."""
    import sys

    if not sys.stdout.isatty():
        return 0
    import shutil

    return shutil.get_terminal_size().columns


def filled(text: str, screen: int) -> list[str]:
    """A sentence, broken where it is wider than the screen."""
    if not screen or len(text) <= screen:
        return [text]
    import textwrap

    return textwrap.wrap(text, max(screen, 40), break_on_hyphens=False, break_long_words=False)


def two_columns(words: str, text: str, width: int, screen: int) -> list[str]:
    """A row of a help. Where it is wider than the screen, the text goes on below itself, and begins below words that leave it
    less than two thirds of the screen."""
    line = f"    {words:<{width}} {text}"
    if not screen or len(line) <= screen:
        return [line]
    import textwrap

    width = min(width, screen // 3)
    indent = " " * (width + 5)
    first = f"    {words:<{width}} " if len(words) <= width else indent
    lines = textwrap.wrap(text, max(screen, 40), initial_indent=first, subsequent_indent=indent)
    return lines if len(words) <= width else [f"    {words}", *lines]


def left_out(host: Host, count: int, noun: str, of: str = "") -> list[str]:
    """A line with the number of entries that are hidden from a key; empty if none are."""
    from dokkupy_sdk.access import caller
    from dokkupy_sdk.text import counted

    me = caller(host)
    who = f"The key {me.name} ({me.role or 'not on record'})"
    return [f"{who} may not use {counted(count, noun)}{of}."] if count else []


def summary(directory: str) -> str:
    """The one-line summary of a distribution, for help and `plugin:list`."""
    try:
        with open(os.path.join(directory, "METADATA"), encoding="utf-8") as file:
            for line in file:
                if line.startswith("Summary:"):
                    return line.partition(":")[2].strip()
                if line in ("\n", "\r\n"):
                    break
    except OSError:
        pass
    return ""
