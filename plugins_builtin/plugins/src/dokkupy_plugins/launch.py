"""How the launcher finds what is installed: one file with the byte code of all plugins and their entry points, and of the
standard library's modules that they import.

Python itself makes ten system calls to find each module, and a hundred files to find the plugins. The launcher that
`install.sh` writes puts an `Index` first on `sys.meta_path`. `index.py` writes the file after each installation.

The index is never stale: it is used only while the directory of packages has the modification time with which it was
written, because pip adds or removes entries there. A module's entry is used only while its source has the recorded time and
size, as with Python's own `.pyc` files. Everything else is found as without an index.

An entry also names the modules that its module always imports. They are loaded first and directly, because half of the time
of an import statement is locks and questions to finders.
"""

import _frozen_importlib_external as external
import marshal
import os
import sys
from _frozen_importlib import ModuleSpec, _load_unlocked  # type: ignore[attr-defined]
from _thread import _count as count_threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

HEAD = 8
"""The first bytes are the size of the table, which follows."""
RECORD = 13
"""The bytes before a module's code: its kind, the size of the code, and its source's time and size."""
PACKAGE, STANDARD = 1, 2
"""Bits of a module's kind: it is a package; it belongs to the standard library."""
FORMAT = 2
"""Another version of this module does not read the file."""
LARGEST = 1 << 24
"""A larger table means that the file is damaged."""
SECOND = 1_000_000_000
"""Nanoseconds."""
MOST_MODULES = 16_384
"""Most modules are read by one call of this size."""


def path_of(packages: str) -> str:
    return os.path.join(os.path.dirname(packages), "dokkupy.index")


def key_of(packages: str) -> tuple[bytes, int, int]:
    """What an index is valid for: the version of the byte code, the format, and the current state of the directory."""
    return external.MAGIC_NUMBER, FORMAT, os.stat(packages).st_mtime_ns


def is_current(key: tuple[bytes, int, int], packages: str) -> bool:
    """Whether an index with this key is valid now. Container images and archives of a host store times in whole seconds, and
    a directory that changes on the host itself does not get such a time."""
    *versions, now = key_of(packages)
    *its_versions, written = key
    return versions == its_versions and now in (written, written - written % SECOND)


class Index:
    """A finder of modules and, for `dokkupy.kernel.discovery`, of entry points."""

    writer = "dokkupy_plugins.index"
    """The module that writes the file; `doctor` names it when the file is outdated."""

    def __init__(self, packages: str) -> None:
        self.packages = packages
        self.path = path_of(packages)
        self._modules: dict[str, int] = {}
        self._key: tuple[bytes, int, int] | None = None
        self._entries: list[tuple[str, ...]] = []
        try:
            self._fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            size = min(LARGEST, int.from_bytes(os.pread(self._fd, HEAD, 0), "little"))
            key, modules, entries = marshal.loads(os.pread(self._fd, size, HEAD))
            if is_current(key, packages):
                self._key, self._modules, self._entries = key, modules, entries
        except (OSError, EOFError, ValueError, TypeError):
            pass  # the index is missing, or of another version of Python

    def entry_points(self) -> list[tuple[str, ...]] | None:
        """The arguments of each `EntryPoint`; None if the index is outdated, as after an installation by pip."""
        return self._entries if self._key and is_current(self._key, self.packages) else None

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        found = self._found(name)
        if found is None:
            return None
        # Another thread could see a module that is loaded directly before it is complete.
        if not count_threads():
            for needed in found[1]:
                self._load(needed)
        return found[0]

    def _load(self, name: str) -> None:
        """Load a module before the statement that imports it. An error is that of the statement."""
        if name in sys.modules:
            return
        parent, _, last = name.rpartition(".")
        if parent:
            self._load(parent)
        found = self._found(name) if not parent or parent in sys.modules else None
        if found is None:
            return
        for needed in found[1]:
            self._load(needed)
        if name not in sys.modules:
            module = _load_unlocked(found[0])
            if parent:
                setattr(sys.modules[parent], last, module)

    def _found(self, name: str) -> tuple[ModuleSpec, tuple[str, ...]] | None:
        """The specification of a module, and the modules that it needs; None if the index lacks it or its source has
        changed."""
        offset = self._modules.get(name)
        if offset is None:
            return None
        record = os.pread(self._fd, MOST_MODULES, offset)
        kind, size = record[0], int.from_bytes(record[1:5], "little")
        if len(record) < RECORD + size:
            record = os.pread(self._fd, RECORD + size, offset)
        base = LIBRARY if kind & STANDARD else self.packages
        path = f"{base}/{name.replace('.', '/')}{'/__init__.py' if kind & PACKAGE else '.py'}"
        try:
            if record[5:RECORD] != state_of(path):
                return None
        except OSError:
            return None
        loader = IndexedLoader(name, path)
        needed, loader.code = marshal.loads(record[RECORD : RECORD + size])
        spec = ModuleSpec(name, loader, origin=path, is_package=bool(kind & PACKAGE))
        spec.has_location = True
        spec.cached = self.path
        if kind & PACKAGE:
            spec.submodule_search_locations = [path[: -len("/__init__.py")]]
        return spec, needed


LIBRARY = os.path.dirname(os.__file__)
"""The directory of the standard library."""


class IndexedLoader(external.SourceFileLoader):
    """Python's own loader, but with the byte code from the index."""

    code: "CodeType | None" = None

    def get_code(self, fullname: str) -> "CodeType | None":
        code, self.code = self.code, None
        return code or super().get_code(fullname)


def state_of(source: str) -> bytes:
    """The time and size of a source file, as `.pyc` files have them."""
    found = os.stat(source)
    return (int(found.st_mtime) & 0xFFFFFFFF | (found.st_size & 0xFFFFFFFF) << 32).to_bytes(8, "little")
