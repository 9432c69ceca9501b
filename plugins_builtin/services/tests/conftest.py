"""A host with the datastore `fake`, and its commands, for tests of commands and of links. Other tests make hosts of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from dokkupy.kernel.discovery import EntryPoint
from dokkupy_apps.apps import create_app
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import FakeEngine, fake_host
from dokkupy_services import records
from dokkupy_services.cli import datastore_group
from dokkupy_services.testing.fakes import FakeDatastore

Ran = tuple[int, str, str]

group = datastore_group("fake", "Fake", "Databases of the fake datastore")
"""The namespace `fake` of these tests."""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.delenv("DOKKU_APP_NAME", raising=False)
    made = fake_host(tmp_path / "state", plugins=("services",))
    engine = made.engine()
    assert isinstance(engine, FakeEngine)
    for ref in ("fake:1", "fake:2", "own/fake:3"):
        engine.keep(ref, {})
    made.override_role("datastore", "fake", FakeDatastore(made))
    monkeypatch.setattr(records, "kinds", lambda host: ["fake"])
    find = made.registry.find
    entry = EntryPoint("dokkupy.commands", "fake", f"{__name__}:group", "dokkupy-fake", "1", "")
    monkeypatch.setattr(made.registry, "find", lambda kind, name: entry if name == "fake" else find(kind, name))
    monkeypatch.setattr(made.registry, "load", load_of(made.registry.load, entry))
    create_app(made, AppName("blog"))
    return made


def load_of(load: Callable[[EntryPoint], object], own: EntryPoint) -> Callable[[EntryPoint], object]:
    return lambda entry: group if entry is own else load(entry)


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def typed(*words: str, who: str = "tester") -> Ran:
        capsys.readouterr()
        status = main(list(words), host=host, who=who)
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return typed


@pytest.fixture
def empty_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host with the datastore `fake`, without apps and commands."""
    made = fake_host(tmp_path / "state", plugins=("services",))
    engine = made.engine()
    assert isinstance(engine, FakeEngine)
    for ref in ("fake:1", "fake:2"):
        engine.keep(ref, {})
    made.override_role("datastore", "fake", FakeDatastore(made))
    monkeypatch.setattr(records, "kinds", lambda host: ["fake"])
    return made
