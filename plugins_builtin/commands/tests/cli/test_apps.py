"""The commands `apps:*`: create, list and destroy."""

from __future__ import annotations

import json

import pytest
from dokkupy.host import Host
from dokkupy_sdk.testing.untrusted import NAMES_OF_NOTHING

from plugins_builtin.commands.tests.conftest import Run

UNTRUSTED = (*NAMES_OF_NOTHING, "A", "a..b", "x" * 64)


def test_an_app_is_created_listed_and_destroyed(run: Run) -> None:
    assert run("apps:create", "blog")[0] == 0
    assert run("apps:exists", "blog") == (0, "", "")
    assert run("--quiet", "apps:list") == (0, "blog\n", "")
    status, _, error = run("apps:create", "blog")
    assert status == 1 and "Name is already taken" in error
    assert run("apps:destroy", "blog", stdin="no\n")[0] == 1
    assert run("apps:exists", "blog")[0] == 0
    assert run("apps:destroy", "blog", stdin="blog\n")[0] == 0
    assert run("apps:exists", "blog")[0] == 20


def test_without_apps_there_is_a_warning_and_no_failure(run: Run) -> None:
    status, out, error = run("apps:list")
    assert (status, out) == (0, "")
    assert "You haven't deployed any applications yet" in error
    assert json.loads(run("apps:list", "--format", "json")[1]) == []


@pytest.mark.parametrize("name", UNTRUSTED)
def test_malicious_app_name_is_refused_and_nothing_is_created(run: Run, host: Host, name: str) -> None:
    status, _, error = run("apps:create", "--", name)
    assert status != 0
    assert error
    assert host.store.apps() == []
