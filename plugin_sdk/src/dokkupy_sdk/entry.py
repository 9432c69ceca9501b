"""The command line as functions, for programs that other programs start (git's hook, the timer, the SSH entry), and what
help and completion read of it."""

from dokkupy.cli.declare import COMMANDS, Command, Parameter, find_namespace, placeholder, usage
from dokkupy.cli.main import main, resolve, split_globals
from dokkupy.cli.permission import loaded, usable
from dokkupy.cli.unknown import program, unknown
from dokkupy.host import Host
from dokkupy.kernel.access import caller
from dokkupy.kernel.discovery import ALWAYS, EntryPoint

__all__ = [
    "ALWAYS",
    "COMMANDS",
    "Command",
    "EntryPoint",
    "Parameter",
    "find_namespace",
    "loaded",
    "main",
    "placeholder",
    "program",
    "resolve",
    "split_globals",
    "unknown",
    "usable",
    "usable_groups",
    "usage",
]


def usable_groups(host: Host) -> list[str]:
    """The namespaces in which the caller may use a command. For a key that is not an admin's, all are loaded."""
    if caller(host).role == "admin":
        return list(host.registry.group(COMMANDS))
    return [name for name, group in loaded(host) if usable(host, group)]
