"""The launcher's index of what is installed: it matches the disk, and is used only while it does."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path

import pytest
from dokkupy_plugins import index
from dokkupy_plugins.launch import Index, IndexedLoader, path_of
from dokkupy_sdk import Host
from dokkupy_sdk.registry import entry_points


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory of packages with one plugin; it is on `sys.path`."""
    packages = tmp_path / "lib" / "site-packages"
    for path, text in {
        "indexed_plugin/__init__.py": "",
        "indexed_plugin/rooms/__init__.py": "from indexed_plugin.rooms.one import NAME",
        "indexed_plugin/rooms/one.py": "NAME = 'one'\ndef fails():\n    raise ValueError(NAME)\n",
        "indexed_plugin/broken.py": "this is no Python",
        "indexed_plugin-1.2.dist-info/entry_points.txt": "[dokkupy.hooks]\nindexed = indexed_plugin.rooms\n",
        "other-1.dist-info/entry_points.txt": "[console_scripts]\nother = other:main\n",
    }.items():
        (packages / path).parent.mkdir(parents=True, exist_ok=True)
        (packages / path).write_text(text)
    monkeypatch.syspath_prepend(packages)
    yield packages
    for name in [name for name in sys.modules if name.startswith("indexed_plugin")]:
        del sys.modules[name]
    invalidate_caches()


def written(packages: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    index.write(str(packages))
    found = Index(str(packages))
    monkeypatch.setattr(sys, "meta_path", [found, *sys.meta_path])
    return found


def test_modules_and_entry_points_come_from_the_index(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(packages, monkeypatch)
    one = import_module("indexed_plugin.rooms.one")
    assert isinstance(one.__loader__, IndexedLoader) and one.NAME == "one"
    assert one.__file__ == str(packages / "indexed_plugin/rooms/one.py")
    assert import_module("indexed_plugin.rooms").__path__ == [str(packages / "indexed_plugin/rooms")]
    with pytest.raises(ValueError) as caught:
        one.fails()
    assert caught.traceback[-1].path == packages / "indexed_plugin/rooms/one.py"
    assert [repr(one) for one in entry_points()] == [repr(one) for one in entry_points([str(packages)])] != []


IMPORTS = {
    "indexed_plugin/head.py": "from __future__ import annotations\nimport colorsys\nfrom indexed_plugin import needed\n"
    "if needed.ORDER is None:\n    from indexed_plugin.rooms import one\nORDER = [*needed.ORDER, 'head']\n",
    "indexed_plugin/needed.py": "from indexed_plugin.below import low\nORDER = [*low.ORDER, 'needed']\n",
    "indexed_plugin/below/__init__.py": "ORDER = ['below']\n",
    "indexed_plugin/below/low.py": "from indexed_plugin import below\nORDER = [*below.ORDER, 'low']\n",
    "indexed_plugin/circle_a.py": "EARLY = 1\nfrom indexed_plugin.circle_b import LATE\n",
    "indexed_plugin/circle_b.py": "from indexed_plugin.circle_a import EARLY\nLATE = EARLY + 1\n",
    "indexed_plugin/uses_circle.py": "from indexed_plugin.circle_a import LATE\n",
    "indexed_plugin/faulty.py": "1 / 0\n",
    "indexed_plugin/uses_faulty.py": "from indexed_plugin import faulty\n",
}


@pytest.fixture
def importing(packages: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    for path, text in IMPORTS.items():
        (packages / path).parent.mkdir(exist_ok=True)
        (packages / path).write_text(text)
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    return written(packages, monkeypatch)


def test_what_a_module_always_imports_is_loaded_before_it(importing: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    find = Index.find_spec
    monkeypatch.setattr(Index, "find_spec", lambda self, name, *rest: (asked.append(name), find(self, name, *rest))[1])
    head = import_module("indexed_plugin.head")
    assert head.ORDER == ["below", "low", "needed", "head"]
    assert asked == ["indexed_plugin", "indexed_plugin.head", "colorsys"]
    assert head.needed is sys.modules["indexed_plugin"].needed is sys.modules["indexed_plugin.needed"]
    assert "indexed_plugin.rooms" not in sys.modules
    assert isinstance(sys.modules["colorsys"].__loader__, IndexedLoader)


def test_while_another_thread_runs_each_import_is_pythons_own(importing: Index) -> None:
    ready, done = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: (ready.set(), done.wait()))
    thread.start()
    ready.wait()
    importing.find_spec("indexed_plugin.head")
    assert "indexed_plugin.needed" not in sys.modules
    done.set()
    thread.join()
    assert import_module("indexed_plugin.head").ORDER[-1] == "head"


def test_modules_that_import_each_other_keep_pythons_order(importing: Index) -> None:
    assert import_module("indexed_plugin.uses_circle").LATE == 2


def test_a_fault_of_an_imported_module_is_that_of_the_import(importing: Index) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            import_module("indexed_plugin.uses_faulty")
        assert not {"indexed_plugin.faulty", "indexed_plugin.uses_faulty"} & set(sys.modules)


def test_a_changed_source_overrides_the_index(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(packages, monkeypatch)
    (packages / "indexed_plugin/rooms/one.py").write_text("NAME = 'changed'")
    assert import_module("indexed_plugin.rooms.one").NAME == "changed"
    assert isinstance(sys.modules["indexed_plugin.rooms"].__loader__, IndexedLoader)


def test_a_module_that_does_not_compile_fails_as_without_an_index(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(packages, monkeypatch)
    with pytest.raises(SyntaxError):
        import_module("indexed_plugin.broken")
    with pytest.raises(ModuleNotFoundError):
        import_module("indexed_plugin.missing")


def test_after_an_installation_the_index_is_no_longer_used(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = written(packages, monkeypatch)
    (packages / "third-1.dist-info").mkdir()
    (packages / "third-1.dist-info/entry_points.txt").write_text("[dokkupy.hooks]\nthird = third\n")
    assert found.entry_points() is None and found.writer == index.__name__
    assert Index(str(packages)).find_spec("indexed_plugin") is None
    index.renew(Host(str(packages)))  # what plugin:install does, in a process with such a finder
    assert [row[1] for row in Index(str(packages)).entry_points() or ()] == ["indexed", "third"]


def test_a_copy_of_the_host_that_keeps_whole_seconds_keeps_the_index(packages: Path) -> None:
    os.utime(packages, ns=(0, 1_796_052_910_123_456_789))
    index.write(str(packages))
    os.utime(packages, ns=(0, 1_796_052_910_000_000_000))
    assert Index(str(packages)).entry_points() is not None
    for changed in (1_796_052_910_123_456_790, 1_796_052_911_000_000_000, 1_796_052_909_000_000_000):
        os.utime(packages, ns=(0, changed))
        assert Index(str(packages)).entry_points() is None


@pytest.mark.parametrize("content", [b"", b"\x10" + bytes(7) + b"z" * 16, b"\xff" * 100])
def test_a_damaged_index_is_ignored(packages: Path, content: bytes) -> None:
    Path(path_of(str(packages))).write_bytes(content)
    assert Index(str(packages)).entry_points() is None
    assert Index(str(packages)).find_spec("indexed_plugin") is None


def test_without_a_launcher_nothing_is_written(packages: Path) -> None:
    index.renew(Host(str(packages)))
    assert not Path(path_of(str(packages))).exists()
