"""A Host object never changes. Another caller, mode or output requires another Host (`Host.for_invocation`)."""

from __future__ import annotations

import ast
from collections.abc import Iterable

import pytest

from tests.architecture.readers import nodes
from tests.architecture.test_layers import ROOT, short

FILES = sorted(
    file
    for top in ("core", "plugin_sdk", "plugins_builtin", "examples", "tests", "docs")
    for file in (ROOT / top).rglob("*.py")
)
#: A forked child may change the output of its own copy.
CHANGES_ITS_OWN = {"plugin_sdk/src/dokkupy_sdk/parallel.py": {"vars"}}


def is_host(node: ast.AST) -> bool:
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name == "host" or name.endswith("_host") or name == "session"


def changes(nodes: Iterable[ast.AST]) -> set[str]:
    """The attributes of a host that a piece of code assigns, directly or by other means such as `setattr`."""
    found = set()
    for one in nodes:
        targets = one.targets if isinstance(one, ast.Assign | ast.Delete) else []
        targets = [one.target] if isinstance(one, ast.AugAssign | ast.AnnAssign) else targets
        for target in (part for each in targets for part in ast.walk(each)):
            if (
                isinstance(target, ast.Attribute)
                and isinstance(target.ctx, ast.Store | ast.Del)
                and is_host(target.value)
            ):
                found.add(target.attr)
        if isinstance(one, ast.Attribute) and one.attr == "__dict__" and is_host(one.value):
            found.add("__dict__")
        if isinstance(one, ast.Call) and one.args and is_host(one.args[0]):
            called = one.func.attr if isinstance(one.func, ast.Attribute) else getattr(one.func, "id", "")
            if called in {"setattr", "delattr", "vars", "__setattr__"}:
                found.add(called)
    return found


@pytest.mark.parametrize(
    "text",
    [
        "host.out = x",
        "self.host.plan += y",
        "a, world.host.who = z",
        "del host.out",
        "host.__dict__['out'] = x",
        "object.__setattr__(host, 'out', x)",
    ],
)
def test_an_assignment_is_found(text: str) -> None:
    assert changes(ast.walk(ast.parse(text)))


def test_nothing_assigns_to_an_attribute_of_a_host() -> None:
    found = {short(file): names for file in FILES if (names := changes(nodes(file)))}
    del found["core/tests/kernel/test_session.py"]  # this test tries to assign
    assert found == CHANGES_ITS_OWN
