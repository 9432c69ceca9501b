"""Arguments of hooks and of journalled calls are passed by keyword. Their types cannot require that, because a
`ParamSpec` accepts both. Positional arguments are refused at run time, and here for calls that no test runs."""

from __future__ import annotations

import ast
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
