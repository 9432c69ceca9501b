"""A restart makes a release if the configuration changed."""

from __future__ import annotations

from dokkupy.host import Host
from dokkupy_apps.processes.redeploy import redeploy
from dokkupy_apps.testing import deploy

from plugins_builtin.apps.tests.on_fakes import BLOG, TREE, config


def test_restart_makes_a_release_only_if_the_configuration_changed(host: Host) -> None:
    deploy(host, "blog", TREE)
    assert redeploy(host, BLOG, kind="restart").release.number == 1
    config(host, "blue")
    assert redeploy(host, BLOG, kind="config").release.number == 2
