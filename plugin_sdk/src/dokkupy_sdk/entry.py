"""The command line as functions, for programs that other programs start (git's hook, the timer, the SSH entry), and what
help and completion read of it."""

from __future__ import annotations

from dokkupy.cli.declare import COMMANDS, Command, Group, Parameter, find_namespace, placeholder, usage
from dokkupy.cli.main import main, resolve, split_globals
from dokkupy.cli.unknown import UnknownCommand, program
from dokkupy.errors import PluginError
from dokkupy.host import Host
from dokkupy.kernel.access import caller
from dokkupy.kernel.discovery import ALWAYS, EntryPoint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "ALWAYS",
    "COMMANDS",
    "Command",
    "EntryPoint",
    "Parameter",
    "UnknownCommand",
    "find_namespace",
    "loaded",
    "main",
    "placeholder",
    "program",
    "resolve",
    "split_globals",
    "usable",
    "usable_groups",
    "usage",
]


def usable_groups(host: Host) -> list[str]:
    """The namespaces in which the caller may use a command. For a key that is not an admin's, all are loaded."""
    if caller(host).role == "admin":
        return list(host.registry.group(COMMANDS))
    return [name for name, group in loaded(host) if usable(host, group)]


def usable(host: Host, group: Group) -> list[Command]:
    """The commands of a group that the caller may use on at least something, by name."""
    shown = sorted((one for one in group.commands.values() if not one.hidden), key=lambda one: one.name)
    me = caller(host)
    return shown if me.role == "admin" else [one for one in shown if me.has(one.permission) and not one.root]


def loaded(host: Host) -> Iterator[tuple[str, Group]]:
    """Each namespace with its commands. One whose plugin cannot be loaded is left out."""
    for name, entry in host.registry.group(COMMANDS).items():
        try:
            yield name, host.registry.load(entry)
        except PluginError:
            continue
