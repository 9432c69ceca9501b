"""No module imports itself by way of others, imports within functions included: a circle has no order to read it in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.architecture.readers import by_name, modules

NOT_YET = {
    "dokkupy.cli.help",
    "dokkupy.cli.main",
    "dokkupy.hookspecs",
    "dokkupy.kernel.dry_run",
    "dokkupy.kernel.hooks",
    "dokkupy.kernel.host",
    "dokkupy.kernel.operation",
    "dokkupy.usecases.apps",
    "dokkupy.usecases.routes",
    "dokkupy.usecases.waiting_page",
}
"""Modules that still stand in a circle. Only remove from it: whoever opens a circle removes its modules here."""


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below one, without what only the type checker runs."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield other
                yield from statements(other)
        else:
            yield child
            yield from statements(child)


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules of ours that a module imports."""
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
    """Modules of NOT_YET may import each other in a circle, all others must have an order."""
    edges = {name: {other for other in others if not {name, other} <= NOT_YET} for name, others in graph().items()}
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        pytest.fail(f"These modules import each other in a circle: {' <- '.join(error.args[1])}")


@pytest.mark.parametrize("module", sorted(NOT_YET))
def test_each_exception_still_stands_in_a_circle(module: str) -> None:
    edges = graph()
    reached: set[str] = set()
    waiting = [module]
    while waiting:
        new = edges.get(waiting.pop(), set()) - reached
        reached |= new
        waiting.extend(new)
    assert module in reached, f"{module} stands in no circle any more: remove it from NOT_YET"
