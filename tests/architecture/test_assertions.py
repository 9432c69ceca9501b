"""Every test has an assertion, in the test itself or in a helper that it calls."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.readers import nodes

ROOT = Path(__file__).resolve().parents[2]
#: Calls that fail a test without the word `assert`; `check=True` makes a command's exit status one of them.
FAILING = {"raises", "warns", "fail", "check_call", "check_output", "raise_for_status"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(pattern: str) -> Iterator[tuple[Path, Function]]:
    for path in sorted(ROOT.glob(pattern)):
        for node in nodes(path):
            if isinstance(node, Function):
                yield path, node


def called(node: ast.AST) -> Iterator[str]:
    """The last part of the names of all called functions."""
    for one in ast.walk(node):
        if isinstance(one, ast.Call):
            if isinstance(one.func, ast.Attribute):
                yield one.func.attr
            elif isinstance(one.func, ast.Name):
                yield one.func.id


def asserts(node: ast.AST) -> bool:
    """Whether a function itself can fail a test: by an assertion, a raised AssertionError, an expected error, or a
    command that must succeed."""
    for one in ast.walk(node):
        if isinstance(one, ast.Assert):
            return not is_true(one.test)
        if isinstance(one, ast.Raise) and one.exc is not None and "AssertionError" in ast.unparse(one.exc):
            return True
        if isinstance(one, ast.keyword) and one.arg == "check" and is_true(one.value):
            return True
    return not FAILING.isdisjoint(called(node))


def is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and bool(node.value)


def without_assertion(tests: list[tuple[Path, Function]], helpers: list[tuple[Path, Function]]) -> list[str]:
    """Tests without an assertion in the test or in any helper that it calls directly or indirectly."""
    calls: dict[str, set[str]] = defaultdict(set)
    failing = set()
    for _, node in helpers:
        calls[node.name] |= set(called(node))
        if asserts(node):
            failing.add(node.name)
    while more := {name for name, names in calls.items() if names & failing} - failing:
        failing |= more
    return [f"{path}: {node.name}" for path, node in tests if not asserts(node) and failing.isdisjoint(called(node))]


def test_every_test_asserts_something() -> None:
    patterns = ("core/tests/**/*.py", "plugin_sdk/tests/**/*.py", "plugins_builtin/*/tests/**/*.py")
    patterns += ("examples/plugins/*/tests/**/*.py", "tests/**/*.py")
    everything = [found for pattern in patterns for found in functions(pattern)]
    kits = [found for found in functions("*/src/**/testing/**/*.py")]
    kits += [found for found in functions("plugins_builtin/*/src/**/testing/**/*.py")]
    tests = [(path, node) for path, node in [*everything, *kits] if node.name.startswith("test_")]
    helpers = [(path, node) for path, node in [*everything, *kits] if not node.name.startswith("test_")]
    assert len(tests) > 1000
    assert without_assertion(tests, helpers) == []


def test_a_test_without_an_assertion_is_found() -> None:
    text = "def helper():\n    assert x\ndef test_a():\n    helper()\ndef test_b():\n    print(1)\ndef test_c():\n    assert True\n"
    found = [(Path("x"), node) for node in ast.parse(text).body if isinstance(node, Function)]
    assert without_assertion(found[1:], found[:1]) == ["x: test_b", "x: test_c"]
