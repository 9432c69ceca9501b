"""The command line as a function, for programs that others start: git's hook, a timer, an SSH entry."""

from dokkupy.cli.declare import ALIASES, COMMANDS
from dokkupy.cli.main import main, resolve

__all__ = ["ALIASES", "COMMANDS", "main", "resolve"]
