"""The launcher's index of what is installed: it matches the disk, and is used only while it does."""

from __future__ import annotations

import sys
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
    assert found.entry_points() is None
    assert Index(str(packages)).find_spec("indexed_plugin") is None
    index.renew(Host(str(packages)))  # what plugin:install does, in a process with such a finder
    assert [row[1] for row in Index(str(packages)).entry_points() or ()] == ["indexed", "third"]


@pytest.mark.parametrize("content", [b"", b"\x10" + bytes(7) + b"z" * 16, b"\xff" * 100])
def test_a_damaged_index_is_ignored(packages: Path, content: bytes) -> None:
    Path(path_of(str(packages))).write_bytes(content)
    assert Index(str(packages)).entry_points() is None
    assert Index(str(packages)).find_spec("indexed_plugin") is None


def test_without_a_launcher_nothing_is_written(packages: Path) -> None:
    index.renew(Host(str(packages)))
    assert not Path(path_of(str(packages))).exists()
