"""A key's app is not just a name: the key follows a rename, and gets no later app of a destroyed app's name."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.access import keys_of
from dokkupy_sdk.names import AppName, KeyName
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import Run, command_line
from dokkupy_ssh.keys import add_key, forget_app
from dokkupy_ssh.names import Role

from plugins_builtin.ssh.tests.test_keys import ED25519, OTHER


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path)
    add_key(host, KeyName("eve"), ED25519, role=Role("deployer"), apps=[AppName("blog"), AppName("shop")])
    add_key(host, KeyName("me"), OTHER)
    return host


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return command_line(host, capsys, monkeypatch)


def apps(host: Host) -> tuple[str, ...]:
    return tuple(keys_of(host)["eve"].apps)


def test_a_key_does_not_get_a_later_app_of_a_destroyed_apps_name(host: Host, run: Run) -> None:
    run("apps:create", "blog")
    assert run("config:keys", "blog", who="key:eve")[0] == 0
    _, out, _ = run("--force", "apps:destroy", "blog")
    assert "The key eve no longer has the app blog" in out
    assert apps(host) == ("shop",)
    run("apps:create", "blog")
    assert run("config:keys", "blog", who="key:eve")[0] == 1
    assert forget_app(host, AppName("blog")) == []


def test_a_key_follows_the_rename_of_its_app(host: Host, run: Run) -> None:
    run("apps:create", "blog")
    assert run("apps:rename", "blog", "journal")[0] == 0
    assert apps(host) == ("journal", "shop")
    assert run("config:keys", "journal", who="key:eve")[0] == 0
    run("apps:create", "blog")
    assert run("config:keys", "blog", who="key:eve")[0] == 1


def test_an_app_can_be_granted_before_it_exists(host: Host, run: Run) -> None:
    run("apps:create", "shop")
    assert run("config:keys", "shop", who="key:eve")[0] == 0


def test_a_dry_run_removes_nothing_from_a_key(host: Host, run: Run) -> None:
    run("apps:create", "blog")
    run("--force", "apps:destroy", "blog", "--dry-run")
    run("apps:rename", "blog", "journal", "--dry-run")
    assert apps(host) == ("blog", "shop")
