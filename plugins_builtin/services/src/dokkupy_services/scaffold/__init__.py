"""A new plugin for services of a new kind; `dokkupy_sdk.scaffold` says which names are filled in."""

from __future__ import annotations

from pathlib import Path

from dokkupy_sdk.names import PluginName
from dokkupy_sdk.scaffold import write_tree


def write_datastore(name: str, directory: str) -> list[str]:
    """Write a plugin that begins as a Redis, and its contract's tests; returns the files, relative to directory.

    Raises Conflict when the directory exists and is not empty.
    """
    return write_tree(Path(__file__).parent / "datastore", PluginName(name), Path(directory))
