"""Writes the launcher's index of what is installed (`launch.py`): `python -I -m dokkupy_plugins.index`."""

from __future__ import annotations

import marshal
import os
import sys
import sysconfig
from importlib.machinery import SourceFileLoader

from dokkupy_sdk.files import write_atomic
from dokkupy_sdk.registry import entry_points

from dokkupy_plugins.launch import HEAD, Index, key_of, path_of, state_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dokkupy_sdk import Host

OURS = {"dokkupy", "dokkupy_sdk"}
"""Packages without entry points that all plugins import."""


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
    for name, record in records(packages, tops):
        offsets[name] = len(code)
        code += record
    # The offsets count from the beginning of the file, and their size does not depend on their value.
    size = len(marshal.dumps((key, offsets, rows)))
    table = marshal.dumps((key, {name: HEAD + size + offset for name, offset in offsets.items()}, rows))
    if len(table) != size:
        raise AssertionError("marshal writes each integer below 2**31 in five bytes")
    write_atomic(path_of(packages), size.to_bytes(HEAD, "little") + table + code, mode=0o644)


def records(packages: str, tops: set[str]) -> Iterator[tuple[str, bytes]]:
    """(name, record) of each module that compiles."""
    for top in sorted(tops):
        for directory, folders, files in os.walk(os.path.join(packages, top)):
            folders.sort()
            for file in sorted(files):
                if not file.endswith(".py"):
                    continue
                path = os.path.join(directory, file)
                name = os.path.relpath(path, packages).removesuffix(".py").replace(os.sep, ".")
                is_package = file == "__init__.py"
                name = name.removesuffix(".__init__") if is_package else name
                state = state_of(path)
                try:
                    code = marshal.dumps(SourceFileLoader(name, path).get_code(name))
                except (SyntaxError, ValueError):
                    continue  # a template, for example; its importer gets the error
                yield name, bytes([is_package]) + len(code).to_bytes(4, "little") + state + code


if __name__ == "__main__":
    write(sysconfig.get_path("purelib"))
