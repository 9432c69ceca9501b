"""Each command that a message, a hint or a remedy names exists, and takes the flags and properties that it is given."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from dokkupy.cli.declare import find_namespace
from dokkupy.cli.main import resolve
from dokkupy.errors import UserError
from dokkupy_sdk.admin_hint import COMMANDS, PROGRAMS

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


FOR_ADMINS = {
    "NO_SERVICE": "shown to admins alone",
}
"""Texts of commands for other keys that name what only an admin may run -> why a deployer does not read them as they are."""


def permission_of(function: ast.AST) -> str:
    """The permission that the decorator of a command declares; empty for other functions."""
    for one in getattr(function, "decorator_list", ()):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == "command":
            return next((text_of(word.value) for word in one.keywords if word.arg == "permission"), "")
    return ""


def printed_by(function: ast.AST, constants: dict[str, ast.AST]) -> Iterator[str]:
    """The texts within a command, and those of the module's constants that it names. Not its docstring, hints of errors, which are
    marked when they are shown, and what it marks itself."""
    left_out = {id(one.value) for one in ast.walk(function) if isinstance(one, ast.Expr)}
    for node in ast.walk(function):
        is_hint = isinstance(node, ast.keyword) and node.arg == "hint"
        is_marked = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "marked"
        if is_hint or is_marked:
            left_out |= {id(one) for one in ast.walk(node)}
    for node in ast.walk(function):
        if id(node) not in left_out:
            is_constant = isinstance(node, ast.Name) and node.id not in FOR_ADMINS
            yield text_of(constants.get(node.id, node) if is_constant else node)


def admins_part(text: str) -> list[str]:
    """The commands of a text that require a permission for the host, and programs of the host itself."""
    found = re.findall(PROGRAMS, text)
    for alone, name, _ in re.findall(COMMANDS, text):
        try:
            command, _ = resolve(HOST, alone or name, [])
        except UserError:
            continue
        if command.permission.startswith("host:"):
            found.append(alone or name)
    return found


def offered_to_others(module: ast.Module) -> list[str]:
    constants = {
        target.id: one.value
        for one in module.body
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Name)
    }
    return [
        f"{text!r} names {', '.join(names)}"
        for function in ast.walk(module)
        if permission_of(function) and not permission_of(function).startswith("host:")
        for text in printed_by(function, constants)
        if " " in text and (names := admins_part(text))
    ]


@for_each([one for one in modules() if not {"testing", "scaffold"} & set(one.parts) and "cli" in str(one)], short)
def test_a_command_for_others_offers_no_command_for_admins(module: Path) -> None:
    """Who reads it could not run it. Put the text through `marked` of dokkupy_sdk.admin_hint, as hints of errors are."""
    found = offered_to_others(modules()[ROOT / module])
    assert found == [], "\n".join(found)


def test_a_command_for_others_that_offers_one_is_found() -> None:
    source = """
NOTHING = "There is nothing: apps:create NAME, or postgres:create NAME"
@group.command("mine", permission="app:read")
def mine(host):
    return listing((), empty=NOTHING)
@group.command("theirs", permission="host:read")
def theirs(host):
    return listing((), empty=NOTHING)
@group.command("marks", permission="app:read")
def marks(host):
    host.out.detail(marked(host, "Create one: postgres:create NAME"))
    raise NotFound("gone", hint="postgres:create NAME")
"""
    (found,) = offered_to_others(ast.parse(source))
    assert found.endswith("names postgres:create")
