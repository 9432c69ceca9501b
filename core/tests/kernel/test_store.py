"""State files: what was written is read again, and what is lost or broken is an error that names the file, never empty."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dokkupy.errors import AppNotFound, HostError, StateError
from dokkupy.kernel import store as kernel_store
from dokkupy.kernel.store import Store
from dokkupy.model.names import AppName
from dokkupy.model.release import Release
from dokkupy.model.state import PropertiesFile

BLOG = AppName("blog")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


def test_a_table_is_read_as_it_was_written(store: Store) -> None:
    table = {"text": "Grüße\n\"'", "number": 7, "list": ["a"], "table": {"deep": {"flag": True}}}
    store.write("apps", "blog", "nginx", data=table)
    assert store.read("apps", "blog", "nginx") == table
    assert oct(os.stat(store.path("apps", "blog", "nginx")).st_mode & 0o777) == "0o600"


def test_a_table_that_was_never_written_is_empty(store: Store) -> None:
    assert store.read("global", "nginx") == {}
    assert store.names("global") == []
    assert store.apps() == []


@pytest.mark.parametrize("part", ["", ".", "..", "a/b", "a\x00b"])
def test_a_bad_path_component_is_refused(store: Store, part: str) -> None:
    with pytest.raises(ValueError, match="not a path component"):
        store.path("apps", part)


def test_the_generation_before_is_kept_and_named_when_the_file_is_lost(store: Store) -> None:
    store.write("global", "nginx", data={"number": 1})
    store.write("global", "nginx", data={"number": 2})
    path = Path(store.path("global", "nginx"))
    assert "number = 1" in Path(f"{path}.previous").read_text()
    path.unlink()
    with pytest.raises(StateError, match="is missing, but its previous generation exists") as caught:
        store.read("global", "nginx")
    assert caught.value.hint == f"Restore its previous generation: cp -p {path}.previous {path}"
    assert store.load_derived(PropertiesFile, None, "nginx").properties == {}


def test_a_file_that_was_written_once_is_missed_too(store: Store) -> None:
    store.write("global", "nginx", data={"number": 1})
    os.unlink(store.path("global", "nginx"))
    with pytest.raises(StateError, match="is missing"):
        store.read("global", "nginx")


def test_a_deleted_table_is_empty_again(store: Store) -> None:
    store.write("global", "nginx", data={"number": 1})
    store.delete("global", "nginx")
    store.delete("global", "nginx")
    assert store.read("global", "nginx") == {}
    assert os.listdir(store.directory("global")) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"number = ", "does not parse"),
        (b"\xff\xfe", "does not parse"),
        (b"", "is empty"),
        (b"number = 1\n", "is incomplete: it has no schema"),
        (b"schema = 2\n", "has schema 2; this version of dokkupy knows up to 1"),
        (b'schema = "1"\n', "has schema 1; this version of dokkupy knows up to 1"),
    ],
)
def test_a_broken_file_is_an_error_that_names_it(store: Store, text: bytes, why: str) -> None:
    store.write("global", "nginx", data={})
    path = store.path("global", "nginx")
    Path(path).write_bytes(text)
    with pytest.raises(StateError) as caught:
        store.read("global", "nginx")
    assert caught.value.message.startswith(f"{path} {why}")
    assert caught.value.hint


def test_a_key_of_another_kind_or_a_missing_one_names_the_file(store: Store) -> None:
    store.write("global", "nginx", data={"properties": "text"})
    with pytest.raises(StateError, match="nginx.toml: properties is text, but must be a table"):
        store.load(PropertiesFile, None, "nginx")
    store.write("apps", "blog", "releases", "000001", data={"number": 1})
    with pytest.raises(StateError, match="000001.toml: it lacks image"):
        store.load(Release, BLOG, "000001")


def test_a_directory_in_place_of_a_file_and_one_that_cannot_be_written_are_errors(store: Store, tmp_path: Path) -> None:
    (tmp_path / "global.toml").mkdir()
    with pytest.raises(StateError, match="cannot be read"):
        store.read("global")
    (tmp_path / "apps").write_text("a file")
    with pytest.raises(HostError, match="cannot be written"):
        store.write("apps", "blog", "nginx", data={})


def test_apps_are_those_with_a_record(store: Store, tmp_path: Path) -> None:
    store.write("apps", "blog", "app", data={})
    store.write("apps", "shop", "nginx", data={})
    (tmp_path / "apps" / "Not A Name").mkdir()
    (tmp_path / "apps" / "Not A Name" / "app.toml").touch()
    assert store.apps() == ["blog"]
    assert store.require_app(BLOG) == "blog"
    with pytest.raises(AppNotFound):
        store.require_app(AppName("other"))
    with pytest.raises(StateError, match="other files of the app shop exist"):
        store.require_app(AppName("shop"))


def test_a_file_is_parsed_once_until_its_text_changes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write("apps", "blog", "nginx", data={"number": 1})
    store.write("apps", "shop", "nginx", data={"number": 1})
    texts: list[bytes] = []
    parse = kernel_store.parse

    def counted(path: str, text: bytes) -> dict[str, object]:
        texts.append(text)
        return parse(path, text)

    monkeypatch.setattr(kernel_store, "parse", counted)
    assert [store.read("apps", "blog", "nginx") for _ in range(3)] == [{"number": 1}] * 3
    assert len(texts) == 1
    store.write("apps", "blog", "nginx", data={"number": 2})
    assert store.read("apps", "blog", "nginx") == {"number": 2}
    assert store.read("apps", "shop", "nginx") == {"number": 1}
    assert len(texts) == 3
    monkeypatch.setattr(kernel_store, "KEPT", 0)
    assert [store.read("apps", "shop", "other") for _ in range(2)] == [{}] * 2
    fresh = Store(store.root)
    assert [fresh.read("apps", "shop", "nginx") for _ in range(2)] == [{"number": 1}] * 2
    assert len(texts) == 5


def test_a_broken_file_is_an_error_each_time(store: Store) -> None:
    store.write("global", "nginx", data={"number": 1})
    Path(store.path("global", "nginx")).write_bytes(b"number = ")
    for _ in range(2):
        with pytest.raises(StateError, match="does not parse"):
            store.read("global", "nginx")
