"""The command line as a function, for programs that other programs start: git's hook, the timer, the SSH entry."""

from dokkupy.cli.declare import COMMANDS, find_namespace
from dokkupy.cli.main import main, resolve, split_globals
from dokkupy.cli.permission import loaded, usable, usable_groups

__all__ = ["COMMANDS", "find_namespace", "loaded", "main", "resolve", "split_globals", "usable", "usable_groups"]
