"""How the launcher finds what is installed: one file with the byte code of all plugins and their entry points.

Python itself makes ten system calls to find each module, and a hundred files to find the plugins. The launcher that
`install.sh` writes puts an `Index` first on `sys.meta_path`. `index.py` writes the file after each installation.

The index is never stale: it is used only while the directory of packages has the modification time with which it was
written, because pip adds or removes entries there. A module's entry is used only while its source has the recorded time and
size, as with Python's own `.pyc` files. Everything else is found as without an index.
"""

import _frozen_importlib_external as external
import marshal
import os
from _frozen_importlib import ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

HEAD = 8
"""The first bytes are the size of the table, which follows."""
RECORD = 13
"""The bytes before a module's code: whether it is a package, the size of the code, and its source's time and size."""
LARGEST = 1 << 24
"""A larger table means that the file is damaged."""
MOST_MODULES = 16_384
"""Most modules are read by one call of this size."""


def path_of(packages: str) -> str:
    return os.path.join(os.path.dirname(packages), "dokkupy.index")


def key_of(packages: str) -> tuple[bytes, int]:
    """What an index is valid for: the version of the byte code, and the current state of the directory."""
    return external.MAGIC_NUMBER, os.stat(packages).st_mtime_ns


class Index:
    """A finder of modules and, for `dokkupy.kernel.discovery`, of entry points."""

    def __init__(self, packages: str) -> None:
        self.packages = packages
        self.path = path_of(packages)
        self._modules: dict[str, int] = {}
        self._key: object = None
        self._entries: list[tuple[str, ...]] = []
        try:
            self._fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            size = min(LARGEST, int.from_bytes(os.pread(self._fd, HEAD, 0), "little"))
            key, modules, entries = marshal.loads(os.pread(self._fd, size, HEAD))
            if key == key_of(packages):
                self._key, self._modules, self._entries = key, modules, entries
        except (OSError, EOFError, ValueError, TypeError):
            pass  # the index is missing, or of another version of Python

    def entry_points(self) -> list[tuple[str, ...]] | None:
        """The arguments of each `EntryPoint`; None if the index is outdated, as after an installation by pip."""
        return self._entries if self._key and self._key == key_of(self.packages) else None

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        offset = self._modules.get(name)
        if offset is None:
            return None
        record = os.pread(self._fd, MOST_MODULES, offset)
        size = int.from_bytes(record[1:5], "little")
        if len(record) < RECORD + size:
            record = os.pread(self._fd, RECORD + size, offset)
        path = f"{self.packages}/{name.replace('.', '/')}{'/__init__.py' if record[0] else '.py'}"
        try:
            if record[5:RECORD] != state_of(path):
                return None
        except OSError:
            return None
        loader = IndexedLoader(name, path)
        loader.code = record[RECORD : RECORD + size]
        spec = ModuleSpec(name, loader, origin=path, is_package=bool(record[0]))
        spec.has_location = True
        spec.cached = self.path
        if record[0]:
            spec.submodule_search_locations = [path[: -len("/__init__.py")]]
        return spec


class IndexedLoader(external.SourceFileLoader):
    """Python's own loader, but with the byte code from the index."""

    code: bytes | None = None

    def get_code(self, fullname: str) -> "CodeType | None":
        code, self.code = self.code, None
        return marshal.loads(code) if code else super().get_code(fullname)


def state_of(source: str) -> bytes:
    """The time and size of a source file, as `.pyc` files have them."""
    found = os.stat(source)
    return (int(found.st_mtime) & 0xFFFFFFFF | (found.st_size & 0xFFFFFFFF) << 32).to_bytes(8, "little")
