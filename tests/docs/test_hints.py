"""Each command that a message, a hint or a remedy names exists, and takes the flags and properties that it is given."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from dokkupy.cli.declare import find_namespace

from tests.architecture.each import for_each
from tests.architecture.readers import ROOT, modules, nodes
from tests.docs.test_command_lines import HOST, Typed, problem

NAMED = re.compile(r"(?<![\w:/.`-])([a-z][a-z0-9-]*):([a-z][a-z-]*)((?: (?:[^\s.,;()`:]|[.,:](?=\w))+)*)")
"""A command with what follows, up to the end of the sentence."""
SUBJECTS = ("db", "")
"""After the colon: `postgres:db` is a service."""
PROSE = {"ps:scale set", "cron:set has not created a task {"}
"""Sentences about a command, which is the subject."""


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_of(node: ast.AST) -> str:
    """The text of a literal; what is filled in becomes `{`."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "{" for one in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def texts(module: Path) -> Iterator[str]:
    """The texts of a module, without docstrings and comments."""
    parts = {id(one) for node in nodes(module) if isinstance(node, ast.JoinedStr) for one in node.values}
    alone = {id(node.value) for node in nodes(module) if isinstance(node, ast.Expr)}
    for node in nodes(module):
        if id(node) not in parts | alone and " " in (text := text_of(node)):
            yield text


@functools.cache
def named_in(module: Path) -> list[str]:
    """All named commands of a module. Most modules name none, which their text shows sooner than their syntax tree."""
    if not NAMED.search((ROOT / module).read_text()):
        return []
    return [line for text in texts(module) for line in named(text)]


def named(text: str) -> Iterator[str]:
    for match in NAMED.finditer(text):
        if match[2] not in SUBJECTS and find_namespace(HOST.registry, match[1]):
            yield match[0]


def why_not(line: str) -> str:
    """Why a host would refuse the line. An app's name is filled in where the code does; what follows another value that the
    code fills in is left out."""
    if line in PROSE:
        return ""
    words = line.split()
    filled = [word for word in words if "{" in word]
    whole = ["blog" if word == "{" else word for word in words]
    known = words[: words.index(filled[0])] if filled else words
    return problem(Typed(whole, whole=False)) and problem(Typed(known, whole=False))


@for_each([one for one in modules() if not {"testing", "scaffold"} & set(one.parts)], short)
def test_commands_in_messages_exist(module: Path) -> None:
    found = [f"{line}: {why}" for line in named_in(module) if (why := why_not(line))]
    assert found == [], "\n".join(found)


def test_the_commands_are_found() -> None:
    """Otherwise the test above checks nothing."""
    assert sum(len(named_in(module)) for module in modules()) > 400
    for wrong in (
        "ps:scael blog",
        "apps:lock blog --now",
        "checks:set blog no-such 1",
        "config:unset --everywhere blog",
    ):
        (line,) = named(f"To fix that: {wrong}.")
        assert why_not(line), wrong
