"""The error for an unknown command: its likely reason, and what to do."""

from __future__ import annotations

import os
import sys

from dokkupy.cli.declare import COMMANDS
from dokkupy.errors import UserError
from dokkupy.host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.cli.declare import Group

META = "dokkupy"
"""The distribution that requires everything that comes with the project."""
PIP = f"{sys.executable} -m pip install"


def program() -> str:
    """The name by which the program was called: `dokkupy`, or else `dokku`, as in Dokku's own messages."""
    return "dokkupy" if os.path.basename(sys.argv[0]) == "dokkupy" else "dokku"


def unknown(name: str, host: Host, group: Group | None = None) -> UserError:
    """group: the command's namespace, if it exists but lacks the command."""
    return UserError(
        f"`{name[:80]}` is not a {program()} command.",
        details=(f"See `{program()} help` for a list of available commands.",),
        hint="" if group else resting(host, name) or missing(host),
        code="unknown_command",
    )


def resting(host: Host, name: str) -> str:
    """Says that a disabled plugin has the command; empty if none has."""
    namespace = name.partition(":")[0]
    for entry in host.registry.all:
        if entry.group == COMMANDS and entry.name == namespace and entry not in host.registry.entries:
            return (
                f"It is a command of the plugin {entry.plugin}, which is disabled: dokkupy plugin:enable {entry.plugin}"
            )
    return ""


def missing(host: Host) -> str:
    """Names the distributions of the project that are not installed."""
    import re
    from importlib.metadata import PackageNotFoundError, distribution, requires

    absent = []
    try:
        for text in requires(META) or []:
            name = re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0]
            try:
                distribution(name)
            except PackageNotFoundError:
                absent.append(name)
    except PackageNotFoundError:
        if {entry.plugin for entry in host.registry.all} - {"core", "sdk"}:
            return ""
        return f"No plugin is installed, and core has few commands. Install those that come with dokkupy: {PIP} dokkupy"
    names = " ".join(absent)
    said = f"Not installed, although it is a part of dokkupy: {names}. Run ./install.sh again, or: {PIP} {names}"
    return said if names else ""
