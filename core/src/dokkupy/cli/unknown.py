"""The error for an unknown command."""

from __future__ import annotations

import os
import sys

from dokkupy.errors import UserError
from dokkupy.host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.cli.declare import Group

PIP = f"{sys.executable} -m pip install"


def program() -> str:
    """The name by which the program was called: `dokkupy`, or else `dokku`, as in Dokku's own messages."""
    return "dokkupy" if os.path.basename(sys.argv[0]) == "dokkupy" else "dokku"


class UnknownCommand(UserError):
    """namespace: that which was typed, if no plugin has it; empty if its group lacks the command."""

    code = "unknown_command"

    def __init__(self, name: str, host: Host, group: Group | None = None) -> None:
        self.namespace = "" if group else name.partition(":")[0]
        has_plugins = {entry.plugin for entry in host.registry.all} - {"core", "sdk"}
        hint = f"No plugin is installed, and core has no commands. Install those that come with dokkupy: {PIP} dokkupy"
        super().__init__(
            f"`{name[:80]}` is not a {program()} command.",
            details=(f"See `{program()} help` for a list of available commands.",),
            hint="" if has_plugins else hint,
        )
