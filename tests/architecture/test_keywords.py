"""Arguments of hooks and of journalled calls are given by keyword. Their types cannot say so, because a `ParamSpec` takes
both; it is refused when it runs, and here for calls that no test makes."""

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
def test_hooks_and_journalled_calls_get_their_arguments_by_keyword(file: Path) -> None:
    found = [node.lineno for node in nodes(file) if isinstance(node, ast.Call) and by_position(node)]
    assert found == []
