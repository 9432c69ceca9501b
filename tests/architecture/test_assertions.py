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
TESTS = (
    "core/tests/**/*.py",
    "plugin_sdk/tests/**/*.py",
    "plugins_builtin/*/tests/**/*.py",
    "examples/plugins/*/tests/**/*.py",
    "tests/**/*.py",
    "*/src/**/testing/**/*.py",
    "plugins_builtin/*/src/**/testing/**/*.py",
)
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
    everything = [found for pattern in TESTS for found in functions(pattern)]
    tests = [(path, node) for path, node in everything if node.name.startswith("test_")]
    helpers = [(path, node) for path, node in everything if not node.name.startswith("test_")]
    assert len(tests) > 1000
    assert without_assertion(tests, helpers) == []


def without_a_certain_assertion(test: Function) -> bool:
    """Whether every assertion of a test is in an `if` of which another branch asserts nothing, so that it can pass
    without having looked at anything."""
    return asserts(test) and not any(map(is_certain, test.body))


def is_certain(node: ast.stmt) -> bool:
    """Whether a statement asserts something whichever way the test goes. Whether a loop finds anything is not seen here."""
    if isinstance(node, ast.If):
        return bool(node.orelse) and any(map(is_certain, node.body)) and any(map(is_certain, node.orelse))
    if isinstance(node, ast.Try):
        return any(map(is_certain, [*node.body, *node.orelse, *node.finalbody])) or bool(
            node.handlers and all(any(map(is_certain, one.body)) for one in node.handlers)
        )
    if isinstance(node, ast.With) and not any(asserts(item.context_expr) for item in node.items):
        return any(map(is_certain, node.body))
    return asserts(node)


def test_no_test_passes_because_a_condition_left_its_assertions_out() -> None:
    tests = [found for pattern in TESTS for found in functions(pattern) if found[1].name.startswith("test_")]
    assert [f"{path}: {node.name}" for path, node in tests if without_a_certain_assertion(node)] == []


def test_a_test_with_assertions_on_a_condition_is_found() -> None:
    text = "def test_a(x):\n    if x:\n        assert x\n"
    both = text + "    else:\n        assert not x\n"
    found = [ast.parse(one).body[0] for one in (text, both)]
    assert [without_a_certain_assertion(one) for one in found if isinstance(one, Function)] == [True, False]


SHORTEST = 3
"""Words of a test's name behind `test_`, which is a sentence."""


def test_the_name_of_a_test_is_a_sentence() -> None:
    names = {node.name for pattern in TESTS for _, node in functions(pattern) if node.name.startswith("test_")}
    short = {name for name in names if len(name.removeprefix("test_").split("_")) < SHORTEST}
    assert short == set(), "say what holds: test_failed_health_check_keeps_the_old_release_serving"


def test_a_test_without_an_assertion_is_found() -> None:
    text = "def helper():\n    assert x\ndef test_a():\n    helper()\ndef test_b():\n    print(1)\ndef test_c():\n    assert True\n"
    found = [(Path("x"), node) for node in ast.parse(text).body if isinstance(node, Function)]
    assert without_assertion(found[1:], found[:1]) == ["x: test_b", "x: test_c"]


def replaces_a_module_of_ours(node: ast.AST) -> bool:
    """Whether a call makes a module with the name of one of ours: `types.ModuleType("dokkupy_apps.deploy")`."""
    return (
        isinstance(node, ast.Call)
        and "ModuleType" in called(node)
        and any(isinstance(one, ast.Constant) and str(one.value).startswith("dokkupy") for one in node.args)
    )


def test_no_stand_in_replaces_a_whole_module() -> None:
    """It has the names that the code imported when it was written. What is imported later fails where no other test has
    loaded the real module before: replace the function in the module."""
    files = [path for pattern in TESTS for path in sorted(ROOT.glob(pattern))]
    assert [str(path) for path in files if any(map(replaces_a_module_of_ours, nodes(path)))] == []
    assert replaces_a_module_of_ours(ast.parse("types.ModuleType('dokkupy_apps.deploy')", mode="eval").body)


def is_timed(node: ast.AST) -> bool:
    """Whether an assertion compares the time that something took: `assert time.monotonic() - began < 5`. The deadline of
    a loop, `assert time.monotonic() < end`, only ends a wait that would have no end."""
    return isinstance(node, ast.Assert) and any(
        isinstance(one, ast.BinOp) and isinstance(one.op, ast.Sub) and "monotonic" in called(one.left)
        for compared in ast.walk(node.test)
        if isinstance(compared, ast.Compare)
        for one in (compared.left, *compared.comparators)
    )


def returns_a_duration(node: ast.AST) -> bool:
    """Whether a function returns how long something took, which a test would compare."""
    return isinstance(node, ast.Return) and any(
        isinstance(one, ast.BinOp) and isinstance(one.op, ast.Sub) and "monotonic" in called(one.left)
        for one in ast.walk(node)
    )


def test_no_test_asserts_how_long_something_took() -> None:
    """Everything takes long on a busy machine."""
    files = [path for pattern in TESTS for path in sorted(ROOT.glob(pattern)) if "bench" not in path.parts]
    assert [str(path) for path in files if any(map(is_timed, nodes(path)))] == []
    assert [str(path) for path in files if any(map(returns_a_duration, nodes(path)))] == []
    assert returns_a_duration(ast.parse("def took():\n    return time.monotonic() - began").body[0].body[0])  # type: ignore[attr-defined]
    timed, deadline = ast.parse("assert time.monotonic() - began < 5\nassert time.monotonic() < end").body
    assert is_timed(timed) and not is_timed(deadline)


def gives_a_port_back(node: ast.AST) -> bool:
    """Whether a block only finds a free port, which any connection may have until a server takes it."""
    return (
        isinstance(node, ast.With)
        and len(node.body) <= 2
        and "getsockname" in called(node.body[-1])
        and not any(isinstance(one, (ast.With, ast.Yield)) for last in node.body for one in ast.walk(last))
        and {"bind", "create_server"} & set(called(node)) != set()
        and not {"listen", "accept", "Thread"} & set(called(node))
    )


def test_a_port_for_a_server_is_not_one_of_outgoing_connections() -> None:
    """`dokkupy_sdk.testing.ports.free_port` has them."""
    files = [path for pattern in TESTS for path in sorted(ROOT.glob(pattern))]
    assert [str(path) for path in files if any(map(gives_a_port_back, nodes(path)))] == []
    text = "with socket.create_server(('127.0.0.1', 0)) as free:\n    port = free.getsockname()[1]"
    assert gives_a_port_back(ast.parse(text).body[0])
