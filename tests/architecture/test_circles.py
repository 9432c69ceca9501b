"""No module imports itself through other modules, including imports within functions, because a circle has no order in
which it can be read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.architecture.readers import by_name, modules


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below a node, except code for the type checker only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield other
                yield from statements(other)
        else:
            yield child
            yield from statements(child)


def imported(tree: ast.Module) -> Iterator[str]:
    """Our modules that a module imports."""
    for node in statements(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in by_name())
        elif isinstance(node, ast.ImportFrom) and node.module in by_name():
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in by_name() else str(node.module)


def graph() -> dict[str, set[str]]:
    return {name: set(imported(modules()[file])) - {name} for name, file in by_name().items()}


def test_no_circle_in_the_tree() -> None:
    try:
        TopologicalSorter(graph()).prepare()
    except CycleError as error:
        pytest.fail(f"These modules import each other in a circle: {' <- '.join(error.args[1])}")
