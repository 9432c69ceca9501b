"""Rollbacks to an earlier release."""

from __future__ import annotations

import pytest
from dokkupy.errors import AppError, NotFound
from dokkupy.host import Host
from dokkupy.model.names import EnvKey
from dokkupy_apps.apps import create_app
from dokkupy_apps.desired.config import get_env
from dokkupy_apps.processes.rollback import rollback
from dokkupy_apps.processes.start_stop import stop_app
from dokkupy_apps.releases.records import current
from dokkupy_apps.testing import deploy
from dokkupy_sdk.events import recent

from plugins_builtin.apps.tests.on_fakes import BLOG, TREE, builder, config


def test_a_rollback_brings_code_and_configuration_back(host: Host) -> None:
    create_app(host, BLOG)
    config(host, "one")
    first = deploy(host, "blog", TREE).release
    config(host, "two")
    deploy(host, "blog", {"Procfile": "web: serve2"})
    rolled = rollback(host, BLOG).release
    assert (rolled.number, rolled.image, rolled.processes) == (3, first.image, first.processes)
    assert get_env(host, BLOG)[EnvKey("COLOR")].reveal() == "one"
    assert len(builder(host).builds) == 2


@pytest.mark.parametrize("number", [None, 99])
def test_a_rollback_to_a_release_that_does_not_exist_is_no_failed_deploy(host: Host, number: int | None) -> None:
    """Otherwise a typing mistake would call whom a failed deploy calls."""
    deploy(host, "blog", TREE)
    before = recent(host)
    with pytest.raises(NotFound, match="no release"):
        rollback(host, BLOG, number)
    assert before and recent(host) == before


def test_a_rollback_that_would_remove_the_web_process_is_refused(host: Host) -> None:
    deploy(host, "blog", {"Procfile": "worker: work\n"})
    deploy(host, "blog", TREE)
    with pytest.raises(AppError, match="blog would no longer serve"):
        rollback(host, BLOG)
    assert "web" in {one.process for one in current(host, BLOG)[1]}
    stop_app(host, BLOG)  # after a stop, no web process serves that the rollback could remove
    rollback(host, BLOG)
