"""The dokkupy microkernel: hooks, roles, operations and the command line."""

__version__ = "0.1.0"
