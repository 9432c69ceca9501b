"""State is read and written as records. Each file has a class in the distribution that owns it."""

from __future__ import annotations

import ast
import functools
from collections import defaultdict
from importlib import import_module
from pathlib import Path

from dokkupy.model.record import fields_of, path_of

from tests.architecture.each import for_each
from tests.architecture.readers import nodes, tree
from tests.architecture.test_layers import ROOT, SOURCES, short

TABLES = {
    "core/src/dokkupy/kernel/store.py": "turns tables into records",
    "core/src/dokkupy/kernel/transaction.py": "turns records into tables",
    "plugin_sdk/src/dokkupy_sdk/dry_run.py": "prints what changes in a table, whoever owns it",
    "plugins_builtin/apps/src/dokkupy_apps/releases/state_mark.py": "compares every plugin's table without its plugin",
    "plugins_builtin/host/src/dokkupy_host/state/check.py": "looks at every table, whoever owns it",
}
"""Modules that may read or write plain tables -> the reason."""

VIEWS = {
    "PropertiesFile": "the properties in a plugin's file are core's; the rest is the plugin's",
    "ReleaseSummary": "reports read it without loading the model of a release",
    "BackupOwner": "a permission is asked without loading the backups",
    "ServiceId": "reads what is left of a broken record",
}
"""Second records of a file -> the reason for having two."""


def state_files(node: ast.ClassDef) -> list[str]:
    """The file of a record class, in both forms: `class X(Record, file=...)`, and a dataclass with an attribute
    `file`."""
    given = [word.value for word in node.keywords if word.arg == "file"]
    given += [
        line.value
        for line in node.body
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name) and line.targets[0].id == "file"
    ]
    return [ast.unparse(value) for value in given]


@functools.cache
def records() -> set[tuple[Path, str]]:
    """(module, class) of every record."""
    return {
        (file, node.name)
        for file in SOURCES
        for node in tree(file).body
        if isinstance(node, ast.ClassDef) and node.name != "Record" and state_files(node)
    }


def loaded(file: Path, name: str) -> type:
    parts = file.relative_to(ROOT).parts
    module = ".".join(parts[parts.index("src") + 1 :]).removesuffix(".py").removesuffix(".__init__")
    found = getattr(import_module(module), name)
    assert isinstance(found, type)
    return found


def test_the_tree_has_records_to_check() -> None:
    assert len(records()) > 30


@for_each(SOURCES, short)
def test_no_table_of_the_state_is_read_or_written_as_a_dictionary(file: Path) -> None:
    if short(file) in TABLES or "/testing/" in short(file):
        return
    for node in nodes(file):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr not in ("read", "write", "delete"):
                continue
            owner = ast.unparse(node.func.value)
            if owner == "store" or owner.endswith(".store"):
                raise AssertionError(f"{short(file)}:{node.lineno}: use a record: host.store.load, find, save, remove")


def test_a_state_file_has_one_record_class() -> None:
    owners = defaultdict(set)
    for file, name in records():
        if name not in VIEWS:
            owners[str(getattr(loaded(file, name), "file"))].add(f"{short(file)} {name}")  # noqa: B009
    assert {path: names for path, names in owners.items() if len(names) > 1} == {}


@for_each(lambda: sorted(records()))
def test_types_of_a_record_can_be_stored_in_a_file(record: tuple[Path, str]) -> None:
    file, name = record
    kind = loaded(file, name)
    keys = str(getattr(kind, "file", "")).count("*")
    assert fields_of(kind) and len(path_of(kind, ("x",) * keys)) >= 2
