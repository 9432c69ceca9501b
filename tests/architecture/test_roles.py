"""A role has at most eight methods. One with more should be two roles."""

from __future__ import annotations

import ast

from tests.architecture.test_layers import ROOT, tree

WIDEST = 8


def methods_of_roles() -> dict[str, int]:
    """Role -> its number of methods, including `prepare` and those with a default."""
    found = {}
    for file in sorted((ROOT / "core/src/dokkupy/roles").glob("*.py")):
        for one in tree(file).body:
            if isinstance(one, ast.ClassDef) and any(
                isinstance(base, ast.Name) and base.id == "ABC" for base in one.bases
            ):
                methods = [each.name for each in one.body if isinstance(each, ast.FunctionDef)]
                found[one.name] = len([name for name in methods if not name.startswith("_")])
    return found


def test_no_role_of_core_has_a_ninth_method() -> None:
    found = methods_of_roles()
    assert {"Scheduler", "Instances", "Surroundings", "Proxy", "Images"} <= set(found)
    assert {role: count for role, count in found.items() if count > WIDEST} == {}
