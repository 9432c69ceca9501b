"""Only the owner of a transaction commits it: the function whose `with` opened it, not one to which it is passed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.test_layers import ROOT, SOURCES, short, tree

#: The operation itself commits at the end of its block.
ENDS_BLOCKS = ROOT / "core/src/dokkupy/kernel/operation.py"
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def own(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function or module, except those of nested functions."""
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, FUNCTIONS):
            yield from own(child)


def foreign_commits(module: ast.AST) -> list[int]:
    """The lines with a commit of a transaction that the function did not open by `with`."""
    lines = []
    for function in (module, *(one for one in ast.walk(module) if isinstance(one, FUNCTIONS))):
        nodes = list(own(function))
        opened = {
            name.id
            for one in nodes
            if isinstance(one, ast.withitem) and one.optional_vars is not None
            for name in ast.walk(one.optional_vars)
            if isinstance(name, ast.Name)
        }
        called = {one.func for one in nodes if isinstance(one, ast.Call)}
        for one in nodes:
            if isinstance(one, ast.Attribute) and one.attr == "commit" and (one in called or is_transaction(one.value)):
                if not (isinstance(one.value, ast.Name) and one.value.id in opened):
                    lines.append(one.lineno)
    return lines


def is_transaction(node: ast.AST) -> bool:
    """Whether an expression is a transaction. It is recognized by its name, because other objects, such as pushes, also
    have a `commit`."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name in {"tx", "transaction"}


@pytest.mark.parametrize(
    "text",
    [
        "def f(tx):\n    tx.commit()",
        "def f(host):\n    with operation(host) as tx:\n        def g():\n            tx.commit()",
        "def f(host):\n    with operation(host) as tx:\n        later(lambda: tx.commit())",
        "def f(tx):\n    later(tx.commit)",
        "def f(source):\n    source.pending.tx.commit()",
    ],
)
def test_commit_by_another_function_than_the_owner_is_found(text: str) -> None:
    assert foreign_commits(ast.parse(text))


def test_commit_by_the_owner_is_allowed() -> None:
    assert not foreign_commits(
        ast.parse("def f(host):\n    with lock(host), operation(host) as tx:\n        tx.commit()")
    )


def test_only_the_function_that_opened_a_transaction_commits_it() -> None:
    found = {short(file): lines for file in SOURCES if (lines := foreign_commits(tree(file)))}
    found.pop(short(ENDS_BLOCKS))
    assert found == {}
