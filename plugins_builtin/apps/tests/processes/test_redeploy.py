"""Releases of changed configuration."""

from __future__ import annotations

from dokkupy.host import Host
from dokkupy_apps.processes.redeploy import redeploy
from dokkupy_apps.testing import deploy

from plugins_builtin.apps.tests.on_fakes import BLOG, TREE, config


def test_changed_configuration_becomes_a_release_and_a_bare_restart_does_not(host: Host) -> None:
    deploy(host, "blog", TREE)
    assert redeploy(host, BLOG, kind="restart").release.number == 1
    config(host, "blue")
    assert redeploy(host, BLOG, kind="config").release.number == 2
