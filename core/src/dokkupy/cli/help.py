"""`help`, `GROUP:help` and `COMMAND --help`."""

from __future__ import annotations

from dokkupy.cli.declare import Annotated, Arg, Command, CommandResult, Group, Opt, find_namespace, usage
from dokkupy.cli.unknown import program
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
        group, _, verb = namespace.partition(":")
        return command_help(host, namespace) if verb not in ("", "help") else group_help(host, group)
    from dokkupy.cli.permission import left_out, usable, usable_groups

    every = host.registry.group("dokkupy.commands")
    names = usable_groups(host)
    groups = {name: every[name] for name in names}
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
            rows.extend((usage(c), c.help, own) for c in usable(host, group))
        else:
            rows.append((name, group.help, own))
    rows.sort()
    width = min(60, max((len(row[0]) for row in rows), default=0) + 2)
    lines = [f"Usage: {program()} [--quiet|--trace|--force|--app APP] COMMAND <app> [command-specific-options]", ""]
    for title, own in (
        (
            f'Primary help options, type "{program()} COMMAND:help" for more details, or {program()} help --all to '
            "see all commands.",
            True,
        ),
        ("Plugin commands:", False),
    ):
        part = [row for row in rows if row[2] == own]
        if part:
            lines += [title, "", *(f"    {row[0]:<{width}} {row[1]}" for row in part), ""]
    lines += left_out(host, len(every) - len(groups), "groups of commands")
    return CommandResult([{"command": row[0], "help": row[1]} for row in rows], lines)


def shared_distributions(entries: Iterable[EntryPoint]) -> set[str]:
    """The distributions with several namespaces, whose summary describes none of them."""
    names = [entry.distribution for entry in entries]
    return {name for name in names if names.count(name) > 1}


def group_help(host: Host, namespace: str) -> CommandResult:
    from dokkupy.cli.unknown import unknown

    entry = find_namespace(host.registry, namespace)
    if entry is None:
        raise unknown(namespace, host)
    from dokkupy.cli.permission import usable

    group: Group = host.registry.load(entry)
    return CommandResult([row_of(command) for command in usable(host, group)], group_lines(host, group))


def command_help(host: Host, name: str) -> CommandResult:
    from dokkupy.cli.permission import usable
    from dokkupy.cli.typer_app import help_text
    from dokkupy.cli.unknown import unknown

    entry = find_namespace(host.registry, name.partition(":")[0])
    group: Group | None = host.registry.load(entry) if entry else None
    for one in usable(host, group) if group else ():
        if one.full_name == name:
            return CommandResult([row_of(one)], help_text(one).splitlines())
    raise unknown(name, host, group)


def row_of(command: Command) -> dict[str, str]:
    return {"command": command.full_name, "usage": usage(command), "help": command.help}


def group_lines(host: Host, group: Group) -> list[str]:
    from dokkupy.cli.permission import left_out, usable

    rows = [(usage(c), c.help) for c in usable(host, group)]
    width = min(70, max((len(row[0]) for row in rows), default=0) + 2)
    lines = [f"Usage: {program()} {group.namespace}[:COMMAND]", "", group.help, "", "Additional commands:", ""]
    lines += [f"    {words:<{width}} {text}" for words, text in rows]
    shown = sum(not one.hidden for one in group.commands.values())
    return lines + left_out(host, shown - len(rows), "commands")


def show_command(host: Host, command: Command, *, is_bare: bool = False) -> None:
    """Print the full help of one command by typer. is_bare: only the namespace was typed, so its whole group is shown."""
    if is_bare and command.group.bare is not None and command.name:
        print("\n".join(group_lines(host, command.group)))
        return
    from dokkupy.cli.typer_app import help_text

    print(help_text(command))
