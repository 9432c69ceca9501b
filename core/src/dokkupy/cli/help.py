"""`help`, `GROUP:help` and `COMMAND --help`."""

from __future__ import annotations

from dokkupy.cli.declare import Annotated, Arg, Command, CommandResult, Group, Opt, find_namespace, usage
from dokkupy.errors import PluginError
from dokkupy.host import Host
from dokkupy.kernel.discovery import EntryPoint, summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

help_group = Group("help", "List commands and show their help")


@help_group.command("", permission="open")
def help(
    host: Host,
    namespace: Annotated[str, Arg("COMMAND")] = "",
    *,
    all: Annotated[bool, Opt("--all", help="List every subcommand")] = False,
) -> CommandResult:
    """List the commands."""
    if namespace:
        return group_help(host, namespace.removesuffix(":help"))
    groups = host.registry.group("dokkupy.commands")
    shared = shared_distributions(groups.values())
    from dokkupy.model.state import PluginsFile

    installed_later = set(host.store.load(PluginsFile).sources)
    rows: list[tuple[str, str, bool]] = []
    for name, entry in groups.items():
        own = entry.distribution not in installed_later
        if not all and entry.distribution not in shared:
            rows.append((name, summary(entry.directory), own))
            continue
        try:
            group = host.registry.load(entry)
        except PluginError as fault:
            rows.append((name, fault.message, own))
            continue
        if all:
            rows.extend((usage(c), c.help, own) for c in group.commands.values() if not c.hidden)
        else:
            rows.append((name, group.help, own))
    rows.sort()
    width = min(60, max(len(row[0]) for row in rows) + 2)
    lines = ["Usage: dokku [--quiet|--trace|--force|--app APP] COMMAND <app> [command-specific-options]", ""]
    for title, own in (
        (
            'Primary help options, type "dokku COMMAND:help" for more details, or dokku help --all to '
            "see all commands.",
            True,
        ),
        ("Plugin commands:", False),
    ):
        part = [row for row in rows if row[2] == own]
        if part:
            lines += [title, "", *(f"    {row[0]:<{width}} {row[1]}" for row in part), ""]
    return CommandResult([{"command": row[0], "help": row[1]} for row in rows], lines)


def shared_distributions(entries: Iterable[EntryPoint]) -> set[str]:
    """The distributions with several namespaces: their summary says nothing of one of them."""
    names = [entry.distribution for entry in entries]
    return {name for name in names if names.count(name) > 1}


def group_help(host: Host, namespace: str) -> CommandResult:
    from dokkupy.cli.unknown import unknown

    entry = find_namespace(host.registry, namespace)
    if entry is None:
        raise unknown(namespace, host)
    group: Group = host.registry.load(entry)
    rows = [{"command": c.full_name, "usage": usage(c), "help": c.help} for c in shown(group)]
    return CommandResult(rows, group_lines(group))


def shown(group: Group) -> list[Command]:
    return sorted((c for c in group.commands.values() if not c.hidden), key=lambda c: c.name)


def group_lines(group: Group) -> list[str]:
    rows = [(usage(c), c.help) for c in shown(group)]
    width = min(70, max((len(row[0]) for row in rows), default=0) + 2)
    lines = [f"Usage: dokku {group.namespace}[:COMMAND]", "", group.help, "", "Additional commands:", ""]
    return lines + [f"    {words:<{width}} {text}" for words, text in rows]


def show_command(command: Command, *, is_bare: bool = False) -> None:
    """The full help of one command, by typer. is_bare: the namespace alone was typed, so its whole group is shown."""
    if is_bare and command.group.bare is not None and command.name:
        print("\n".join(group_lines(command.group)))
        return
    from dokkupy.cli.typer_app import show_help

    show_help(command)
