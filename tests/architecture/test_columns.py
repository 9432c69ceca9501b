"""Columns are laid out by one table, so that all of them have headings, fit terminals and drop columns alike."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.each import for_each
from tests.architecture.readers import modules, nodes

pytestmark = pytest.mark.unit

BY_HAND = {
    "dokkupy_sdk/table.py": "the table",
    "dokkupy_sdk/lines.py": "a line with its duration, in one column during a whole deploy",
    "dokkupy_sdk/help.py": "help, whose lines continue below their second column",
    "dokkupy_sdk/parallel.py": "the prefix of the lines that processes print at the same time",
    "dokkupy_apps/settings/property_commands.py": "reports, which load no module beyond what they read",
    "dokkupy_checks/run.py": "lines of checks, which are printed as they pass",
    "dokkupy_commands/cli/config.py": "values keep the blanks at their end",
}
"""Modules that pad text themselves, and for what."""


def short(path: Path) -> str:
    return path.as_posix().rpartition("/src/")[2]


def pads(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and len(node.args) < 2:
        return node.func.attr in ("ljust", "rjust", "expandtabs")
    if not isinstance(node, ast.FormattedValue) or node.format_spec is None:
        return False
    spec = "".join(part.value if isinstance(part, ast.Constant) else "9" for part in node.format_spec.values)  # type: ignore[attr-defined]
    return re.match(r" ?[<>^]\d", spec) is not None


@for_each(modules, short)
def test_columns_are_laid_out_by_the_table_alone(path: Path) -> None:
    found = [node.lineno for node in nodes(path) if pads(node)]  # type: ignore[attr-defined]
    assert bool(found) == (short(path) in BY_HAND), f"use dokkupy_sdk.table: lines {found}"


STYLED_BY_HAND = {
    "dokkupy/cli/output.py": "the marks of lines, and what may pass",
    "dokkupy_sdk/styles.py": "the styles",
    "dokkupy_sdk/testing/untrusted.py": "text that tries to control a terminal",
    "dokkupy_commands/cli/glance.py": "clears the screen",
    "dokkupy_client/ssh.py": "sends the reader's wishes to the host",
}
"""Modules with control sequences of a terminal, and for what."""
COLOURS = ("green", "red", "yellow", "dim")
WISHES = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE")


@for_each(modules, short)
def test_colours_come_from_the_styles_because_readers_may_refuse_them(module: Path) -> None:
    texts = {node.value for node in nodes(module) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    found = [one for one in texts if "\x1b[" in one or one in (*COLOURS, *WISHES)]
    assert not found or short(module) in STYLED_BY_HAND, "use dokkupy_sdk.styles"
