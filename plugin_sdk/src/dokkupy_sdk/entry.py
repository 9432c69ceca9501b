"""The command line as a function, for programs that others start: git's hook, the timer, the entry for SSH."""

from dokkupy.cli.declare import COMMANDS, find_namespace
from dokkupy.cli.main import main, resolve
from dokkupy.cli.permission import usable, usable_groups

__all__ = ["COMMANDS", "find_namespace", "main", "resolve", "usable", "usable_groups"]
