"""Every state file of every distribution is damaged in every way: errors name it, the other apps keep working, and
nothing is overwritten."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest
from dokkupy.errors import StateError
from dokkupy.host import Host
from dokkupy.kernel.discovery import entry_points
from dokkupy.model.names import AppName
from dokkupy.model.record import path_of
from dokkupy_apps.apps import create_app
from dokkupy_sdk.entry import main
from dokkupy_sdk.testing import fake_host

from tests.architecture.each import for_each
from tests.architecture.test_state import loaded, records

pytestmark = pytest.mark.unit


@functools.cache
def kinds() -> dict[str, type]:
    """`package.Class` -> the class of every record."""
    return {f"{file.parts[-2]}.{name}": loaded(file, name) for file, name in sorted(records())}


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:6])


def garbage(path: Path) -> None:
    path.write_bytes(b"\xff\x00 x = [")


def of_no_schema(path: Path) -> None:
    path.write_text('key = "value"\n')


def of_another_schema(path: Path) -> None:
    path.write_text("schema = 99\n")


HARMS: dict[str, Callable[[Path], None]] = {
    "empty": empty,
    "missing": Path.unlink,
    "truncated": cut,
    "garbage": garbage,
    "without a schema": of_no_schema,
    "of another schema": of_another_schema,
}
GLOBAL = {"global/domains", "global/ssh-keys", "global/plugin", "global/roles"}
"""Records on which every app depends. Other apps cannot work without these."""


def place(kind: type) -> tuple[str, ...]:
    file = str(getattr(kind, "file", ""))
    keys = ["blog" if file.startswith("apps/") else "one", *("one" for _ in range(file.count("*") - 1))]
    return path_of(kind, tuple(keys[: file.count("*")]))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    plugins = {entry.plugin for entry in entry_points()} - {"core"}
    made = fake_host(tmp_path / "root", plugins=tuple(sorted(plugins)))
    for app in ("blog", "shop"):
        create_app(made, AppName(app))
    return made


def damaged(host: Host, harm: str, kinds: list[type]) -> dict[str, bytes | None]:
    """Path -> current content of the files of these records."""
    for parts in {place(kind) for kind in kinds}:
        for _ in range(2):  # with a previous generation
            host.store.write(*parts, data={})
        HARMS[harm](Path(host.store.path(*parts)))
    paths = {host.store.path(*place(kind)) for kind in kinds}
    return {path: Path(path).read_bytes() if Path(path).exists() else None for path in paths}


def said(capfd: pytest.CaptureFixture[str], host: Host, *words: str) -> tuple[int, str]:
    capfd.readouterr()
    status = main(list(words), host=host)
    return status, "".join(capfd.readouterr())


@pytest.mark.parametrize("harm", HARMS)
@for_each(kinds)
def test_reading_a_damaged_file_is_an_error_with_the_file_and_the_remedy(kind: str, host: Host, harm: str) -> None:
    """This is the error of every command that requires the file."""
    damaged(host, harm, [kinds()[kind]])
    parts = place(kinds()[kind])
    with pytest.raises(StateError) as caught:
        host.store.read(*parts)
    assert host.store.path(*parts) in caught.value.message and caught.value.hint


@pytest.mark.parametrize("harm", HARMS)
def test_doctor_and_recover_name_each_damaged_file_and_overwrite_none(
    host: Host, harm: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before = damaged(host, harm, [kind for kind in kinds().values() if "/".join(place(kind)) not in GLOBAL])
    for words in (("doctor",), ("recover",)):
        status, text = said(capfd, host, *words)
        assert status == 1 and "internal error" not in text
        assert sorted("/".join(path.split("/")[-4:]) for path in before if path not in text) == []
    assert {path: Path(path).read_bytes() if Path(path).exists() else None for path in before} == before


@pytest.mark.parametrize("harm", HARMS)
def test_other_apps_keep_working(host: Host, harm: str, capfd: pytest.CaptureFixture[str]) -> None:
    damaged(host, harm, [kind for kind in kinds().values() if "/".join(place(kind)) not in GLOBAL])
    for words in (
        ("config:set", "--no-restart", "shop", "KEY=value"),
        ("config:get", "shop", "KEY"),
        ("domains:add", "shop", "shop.example.com"),
        ("resource:limit", "shop", "--memory", "200m"),
        ("ps:report", "shop"),
        ("certs:report", "shop"),
        ("git:report", "shop"),
        ("apps:list",),
        ("apps:destroy", "shop", "--force"),
    ):
        status, text = said(capfd, host, *words)
        assert status == 0, (words, text)


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("file", sorted(GLOBAL))
def test_damaged_file_on_which_all_apps_depend_is_named(
    host: Host, file: str, harm: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before = damaged(host, harm, [kind for kind in kinds().values() if "/".join(place(kind)) == file])
    for words in (("doctor",), ("recover",)):
        status, text = said(capfd, host, *words)
        assert status == 1 and "internal error" not in text and all(path in text for path in before)
    assert {path: Path(path).read_bytes() if Path(path).exists() else None for path in before} == before
