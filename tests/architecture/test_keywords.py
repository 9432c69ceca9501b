"""Arguments of hooks and of journalled calls are passed by keyword. The types of hooks cannot require that, because a
`ParamSpec` accepts both. Positional arguments are refused at run time, and here for calls that no test runs. Functions
of journalled calls take them by keyword only, so that the type checker refuses others."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.each import for_each
from tests.architecture.readers import nodes
from tests.architecture.test_layers import SOURCES, short

SHAPES = {"emit", "emit_to_all", "ask", "gather", "gather_what_can", "notify"}


def by_position(node: ast.Call) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in SHAPES:
        return isinstance(node.func, ast.Attribute) and "hooks" in ast.unparse(node.func.value) and len(node.args) > 1
    return name == "call" and isinstance(node.func, ast.Name) and len(node.args) > 1


@for_each(SOURCES, short)
def test_arguments_of_hooks_and_journalled_calls_are_keywords(file: Path) -> None:
    found = [node.lineno for node in nodes(file) if isinstance(node, ast.Call) and by_position(node)]
    assert found == []


def imported(file: Path) -> dict[str, object]:
    """What a file imports from dokkupy's modules, also within functions, by its name there."""
    found: dict[str, object] = {}
    for node in nodes(file):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dokkupy"):
            module = importlib.import_module(str(node.module))
            found |= {one.asname or one.name: getattr(module, one.name, None) for one in node.names}
    return found


def journalled(file: Path) -> Iterator[ast.Name]:
    """The names of the functions that a file passes to `call`."""
    for node in nodes(file):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "call" and node.args:
            yield from (one for one in ast.walk(node.args[0]) if isinstance(one, ast.Name))


def test_functions_of_journalled_calls_take_their_arguments_by_keyword_only() -> None:
    by_position, functions = set(), set()
    for file in SOURCES:
        names = {one.id for one in journalled(file)}
        known = imported(file) if names else {}
        own = {node.name: node.args for node in nodes(file) if isinstance(node, ast.FunctionDef) and node.name in names}
        for name in names:
            function = known.get(name)
            if name in own:
                count = len(own[name].args)
            elif inspect.isfunction(function):
                count = function.__code__.co_argcount
            else:
                continue  # a variable, whose functions the type checker compares
            functions.add(name)
            if count > 1:
                by_position.add(f"{short(file)}: {name}")
    assert by_position == set() and len(functions) > 40
