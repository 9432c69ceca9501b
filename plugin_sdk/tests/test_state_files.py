"""The files of the state as a whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dokkupy.kernel.store import Store
from dokkupy_sdk.access import has_deployers
from dokkupy_sdk.names import AppName
from dokkupy_sdk.state_files import previous_generation, services, state_files
from dokkupy_sdk.testing import fake_host

pytestmark = pytest.mark.unit


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


def test_lost_files_are_listed_too(store: Store) -> None:
    store.write("apps", "blog", "app", data={})
    store.write("global", "nginx", data={})
    os.unlink(store.path("global", "nginx"))
    assert state_files(store, "apps", "global") == [store.path("apps", "blog", "app"), store.path("global", "nginx")]


def test_the_previous_generation_is_the_table_before_the_last_change(store: Store) -> None:
    path = store.path("global", "nginx")
    assert previous_generation(path) == {}
    for number in (1, 2):
        store.write("global", "nginx", data={"number": number})
    assert previous_generation(path) == {"number": 1}
    Path(f"{path}.previous").write_text("broken")
    assert previous_generation(path) == {}


def test_a_service_is_listed_while_its_record_exists(store: Store) -> None:
    store.write("services", "postgres", "db", "service", data={})
    store.write("services", "postgres", "gone", "links", data={})
    assert services(store) == ["postgres:db"]


def test_an_app_has_deployers_where_a_deployer_s_key_names_it(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    host.store.write("global", "ssh-keys", data={"keys": {"ci": {"role": "deployer", "apps": ["shop"]}}})
    assert has_deployers(host, AppName("shop")) and not has_deployers(host, AppName("wiki"))
