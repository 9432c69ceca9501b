"""The scaffolds of plugins for services: for a new kind, and for commands of all kinds.

`dokkupy_sdk.scaffold` describes which names are filled in.
"""

from __future__ import annotations

from pathlib import Path

from dokkupy_sdk.names import PluginName
from dokkupy_sdk.scaffold import write_tree


def write_datastore(name: str, directory: str) -> list[str]:
    """Write a plugin that is a working Redis at first, with the tests of its contract. Returns the files, relative to
    the directory.

    Raises Conflict when the directory exists and is not empty.
    """
    return write_tree(Path(__file__).parent / "datastore", PluginName(name), Path(directory))


def write_service_command(name: str, directory: str) -> list[str]:
    """Write a plugin with commands for services of every kind, and their tests; see `write_datastore`."""
    return write_tree(Path(__file__).parent / "service-command", PluginName(name), Path(directory))
