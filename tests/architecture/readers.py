"""Find out which code reads which names, from the syntax trees of core, the SDK and the built-in plugins."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("core/src", "plugin_sdk/src", "plugins_builtin", "examples/plugins")


@functools.cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file of ours, parsed only once."""
    return ast.parse(path.read_text(), str(path))


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of a file of ours, as `ast.walk` gives them. They are cached, because the walk is half of the time of a
    search."""
    return tuple(ast.walk(tree(path)))


@functools.cache
def modules() -> dict[Path, ast.Module]:
    """Path -> tree of every shipped module."""
    files = [file for place in SOURCES for file in sorted((ROOT / place).rglob("*.py")) if "tests" not in file.parts]
    return {file: tree(file) for file in files if "src" in file.parts}


@functools.cache
def by_name() -> dict[str, Path]:
    """Dotted name -> path."""
    found = {}
    for file in modules():
        parts = file.with_suffix("").parts
        inside = parts[len(parts) - parts[::-1].index("src") :]
        found[".".join(inside).removesuffix(".__init__")] = file
    return found


Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def functions(file: Path) -> dict[str, list[Function]]:
    """Name -> the functions of a module with this name, including nested ones."""
    found: dict[str, list[Function]] = {}
    for node in nodes(file):
        if isinstance(node, Function):
            found.setdefault(node.name, []).append(node)
    return found


def node_of(function: Callable[..., Any]) -> tuple[Path, Function]:
    """The node that declares a function, which may be nested."""
    code = function.__code__
    file = Path(code.co_filename)
    for node in functions(file).get(code.co_name, []):
        first = node.decorator_list[0].lineno if node.decorator_list else node.lineno
        if first == code.co_firstlineno:
            return file, node
    raise LookupError(f"{code.co_filename}:{code.co_firstlineno}")


def imported(file: Path, scope: ast.AST, name: str) -> tuple[Path, str] | None:
    """(module, name in it) of a name that a function or its module imports."""
    for tree in (scope, modules()[file]):
        found = imports(tree).get(name)
        if found is not None and found[0] in by_name():
            return by_name()[found[0]], found[1]
    return None


@functools.cache
def imports(tree: ast.AST) -> dict[str, tuple[str, str]]:
    """Local name -> (module, name in it) of every `from module import name`."""
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def callee(file: Path, scope: ast.AST, call: ast.Call) -> tuple[Path, Function] | None:
    """The function of ours that a plain call `name(...)` calls, else None."""
    if not isinstance(call.func, ast.Name):
        return None
    name, place = call.func.id, file
    for _ in range(4):  # an SDK module re-exports a name of core
        found = functions(place).get(name)
        if found:
            return place, found[0]
        elsewhere = imported(place, scope, name)
        if elsewhere is None:
            return None
        place, name = elsewhere
        scope = modules()[place]
    return None


def parameter_of(call: ast.Call, argument: ast.AST, function: Function) -> str:
    """The parameter to which an argument of a call belongs. Empty if the code does not show it."""
    for keyword in call.keywords:
        if keyword.value is argument:
            return keyword.arg or ""
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    for number, given in enumerate(call.args):
        if isinstance(given, ast.Starred):
            return ""
        if given is argument:
            return names[number] if number < len(names) else ""
    return ""


def is_read(file: Path, function: Function, name: str, seen: frozenset[tuple[str, int, str]] = frozenset()) -> bool:
    """Whether a function uses a parameter. `del`, a statement of only its name, and passing it to a function of ours
    that does not use it do not count. A function that always raises an error counts as using it."""
    if isinstance(function.body[-1], ast.Raise):
        return True
    mark = (str(file), function.lineno, name)
    if mark in seen:
        return False
    parents = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(ast.Module(function.body, [])):
        if not (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)):
            continue
        parent = parents[node]
        if isinstance(parent, ast.keyword):
            parent = parents[parent]
        if isinstance(parent, ast.Expr) or is_thrown_away(parent):
            continue
        if isinstance(parent, ast.Call) and node is not parent.func:
            called = callee(file, function, parent)
            if called is not None:
                target = parameter_of(parent, node, called[1])
                if target and not is_read(*called, target, seen | {mark}):
                    continue
        return True
    return False


def attributes_of(
    file: Path, function: Function, name: str, seen: frozenset[tuple[str, int, str]] = frozenset()
) -> set[str]:
    """The attributes of a parameter that a function reads, or that a function of ours reads to which it is passed."""
    mark = (str(file), function.lineno, name)
    if mark in seen:
        return set()
    parents = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
    found: set[str] = set()
    for node in ast.walk(ast.Module(function.body, [])):
        if not (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)):
            continue
        parent = parents[node]
        if isinstance(parent, ast.Attribute):
            found.add(parent.attr)
        elif isinstance(parent, ast.Call) and (called := callee(file, function, parent)) is not None:
            found |= attributes_of(*called, parameter_of(parent, node, called[1]), seen | {mark})
    return found


def is_thrown_away(node: ast.AST) -> bool:
    """`_ = name`."""
    return isinstance(node, ast.Assign) and all(isinstance(one, ast.Name) and one.id == "_" for one in node.targets)


# texts by which code looks something up


def texts(node: ast.AST) -> Iterator[str]:
    """Patterns of the texts that an expression can have: a constant, or an f-string with any values."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield re.escape(node.value)
    elif isinstance(node, ast.JoinedStr):
        parts = [re.escape(str(one.value)) if isinstance(one, ast.Constant) else "[a-z0-9-]+" for one in node.values]
        if any(isinstance(one, ast.Constant) for one in node.values):
            yield "".join(parts)
    elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        for one in node.elts:
            yield from texts(one)
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)


DECLARES = ("Property", "Settings", "Opt", "Arg", "Rest", "matching", "warn", "section", "UserError")
"""Calls whose texts declare a setting or are shown to people. They do not read anything."""


@functools.cache
def keys_read(distribution: Path) -> frozenset[str]:
    """Patterns of the texts with which a distribution looks something up: arguments of calls, subscripts, keys of
    tables, and values of loops and constants."""
    found: set[str] = set()
    for file, tree in modules().items():
        if distribution not in file.parents:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name not in DECLARES:
                    for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                        found.update(texts(argument))
            elif isinstance(node, ast.Subscript):
                found.update(texts(node.slice))
            elif isinstance(node, ast.Dict):
                for key in node.keys:
                    if key is not None:
                        found.update(texts(key))
            elif isinstance(node, (ast.For, ast.comprehension)):
                found.update(texts(node.iter))
            elif isinstance(node, ast.Assign):
                found.update(texts(node.value))
            elif isinstance(node, ast.Compare):
                for one in (node.left, *node.comparators):
                    found.update(texts(one))
    return frozenset(found)


@functools.cache
def release_settings_read() -> frozenset[tuple[str, str]]:
    """(namespace, property) of `release.setting("ps", "restart-policy")`, anywhere, of a choice of an adapter, and of
    `APPS.get(store, None, "disable-autocreation")`, where a plugin reads a property of core's."""
    found = set()
    for tree in modules().values():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            values = [str(one.value) for one in node.args if isinstance(one, ast.Constant) and one.value is not None]
            if node.func.attr in ("setting", "selected_adapter") and len(values) >= 2:
                found.add((values[0], values[1]))
            elif node.func.attr == "get" and isinstance(node.func.value, ast.Name) and node.func.value.id.isupper():
                found.update((node.func.value.id.lower(), value) for value in values)
    return frozenset(found)


def attributes_read(*trees: ast.AST) -> set[str]:
    """The names of all attributes that are read, as in `object.name`."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)}


def importers(module: str) -> list[ast.AST]:
    """The modules that import something from a module of ours."""
    return [tree for tree in modules().values() if any(source == module for source, _ in imports(tree).values())]


def class_of(module: str, name: str) -> ast.AST:
    return next(
        node for node in modules()[by_name()[module]].body if isinstance(node, ast.ClassDef) and node.name == name
    )
