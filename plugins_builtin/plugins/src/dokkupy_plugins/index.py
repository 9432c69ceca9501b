"""Writes the launcher's index of what is installed (`launch.py`): `python -I -m dokkupy_plugins.index`."""

from __future__ import annotations

import _imp
import ast
import marshal
import os
import sys
import sysconfig
from importlib.machinery import SourceFileLoader
from importlib.util import resolve_name

from dokkupy_sdk.files import write_atomic
from dokkupy_sdk.registry import entry_points

from dokkupy_plugins.launch import HEAD, LIBRARY, PACKAGE, STANDARD, Index, key_of, path_of, state_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dokkupy_sdk import Host

OURS = {"dokkupy", "dokkupy_sdk", "pluggy"}
"""Packages without entry points that all plugins, or all calls of a hook, import."""


def renew(_host: Host) -> None:
    """Write the index again, if a launcher with one started this process. Idempotent."""
    for finder in sys.meta_path:
        if isinstance(finder, Index):
            write(finder.packages)


def write(packages: str) -> None:
    """Write the index of a directory of packages."""
    key = key_of(packages)  # first, so that a change while this runs makes the index invalid
    entries = entry_points([packages])
    rows = [(one.group, one.name, one.target, one.distribution, one.version, one.directory) for one in entries]
    tops = {one.module.partition(".")[0] for one in entries} | OURS
    offsets, code = {}, bytearray()
    for name, record in records(modules(packages, tops)):
        offsets[name] = len(code)
        code += record
    # The offsets count from the beginning of the file, and their size does not depend on their value.
    size = len(marshal.dumps((key, offsets, rows)))
    table = marshal.dumps((key, {name: HEAD + size + offset for name, offset in offsets.items()}, rows))
    if len(table) != size:
        raise AssertionError("marshal writes each integer below 2**31 in five bytes")
    write_atomic(path_of(packages), size.to_bytes(HEAD, "little") + table + code, mode=0o644)


class Module:
    """A module on the disk. imported: the modules that its statements at the top level import, in their order.
    anywhere: those of all its statements."""

    def __init__(self, name: str, path: str, kind: int) -> None:
        self.name, self.path, self.kind = name, path, kind | (PACKAGE if path.endswith("/__init__.py") else 0)
        self.state = state_of(path)
        self.code = SourceFileLoader(name, path).get_code(name)
        with open(path, "rb") as file:
            tree = ast.parse(file.read())
        package = name if self.kind & PACKAGE else name.rpartition(".")[0]
        self.imported = [*imports(tree.body, package)]
        self.anywhere = [*imports(ast.walk(tree), package)]


def imports(statements: Iterable[ast.AST], package: str) -> Iterator[str]:
    """The modules that statements may import: of `from a import b`, both `a` and `a.b`."""
    for one in statements:
        if isinstance(one, ast.Import):
            yield from (alias.name for alias in one.names)
        elif isinstance(one, ast.ImportFrom):
            try:
                module = resolve_name("." * one.level + (one.module or ""), package)
            except ImportError:
                continue
            yield module
            yield from (f"{module}.{alias.name}" for alias in one.names)


def modules(packages: str, tops: set[str]) -> dict[str, Module]:
    """All modules below the top packages that compile, and what they import of the standard library, by name."""
    found: dict[str, Module] = {}
    for top in sorted(tops):
        for directory, folders, files in os.walk(os.path.join(packages, top)):
            folders.sort()
            for file in sorted(file for file in files if file.endswith(".py")):
                path = os.path.join(directory, file)
                name = os.path.relpath(path, packages).removesuffix(".py").replace(os.sep, ".")
                add(found, name.removesuffix(".__init__"), path, 0)
    left = [name for one in found.values() for name in one.anywhere]
    while left:
        name = left.pop()
        if name in found or name.partition(".")[0] not in sys.stdlib_module_names or _imp.is_frozen(name):
            continue
        for path in (f"{LIBRARY}/{name.replace('.', '/')}{end}" for end in (".py", "/__init__.py")):
            if os.path.isfile(path):
                add(found, name, path, STANDARD)
        if name in found:
            left += [*found[name].imported, name.rpartition(".")[0]]
    return found


def add(found: dict[str, Module], name: str, path: str, kind: int) -> None:
    try:
        found[name] = Module(name, path, kind)
    except (SyntaxError, ValueError):
        pass  # a template, for example; its importer gets the error


def records(found: Mapping[str, Module]) -> Iterator[tuple[str, bytes]]:
    """(name, record) of each module."""
    reached: dict[str, set[str]] = {}
    for name, one in found.items():
        # Modules that import each other are left to Python, because their order matters.
        needed = tuple(
            other
            for other in dict.fromkeys(one.imported)
            if other in found
            and not (one.kind | found[other].kind) & STANDARD
            and name not in reached.setdefault(other, reachable(found, other))
        )
        data = marshal.dumps((needed, one.code))
        yield name, bytes([one.kind]) + len(data).to_bytes(4, "little") + one.state + data


def reachable(found: Mapping[str, Module], name: str) -> set[str]:
    """All modules that the import of a module may import, itself and the packages above each among them."""
    seen: set[str] = set()
    left = [name]
    while left:
        if (one := left.pop()) in found and one not in seen:
            seen.add(one)
            left += [*found[one].imported, one.rpartition(".")[0]]
    return seen


if __name__ == "__main__":
    write(sysconfig.get_path("purelib"))
