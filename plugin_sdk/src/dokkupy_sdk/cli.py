"""Commands: declarations and what they return. Light enough for every command's start."""

from dokkupy.cli.confirm import confirm
from dokkupy.cli.declare import Arg, CommandResult, Group, Opt, Rest, Scope
from dokkupy.cli.output import harmless
from dokkupy.kernel.host import Host

__all__ = ["CommandResult", "Arg", "Group", "Host", "Opt", "Rest", "Scope", "confirm", "harmless"]
