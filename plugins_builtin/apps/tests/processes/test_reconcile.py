"""Starting what should run, after a boot or a crash."""

from __future__ import annotations

import pytest
from dokkupy.host import Host
from dokkupy.model.names import ProcessType
from dokkupy_apps.desired import status
from dokkupy_apps.processes.reconcile import reconcile
from dokkupy_apps.processes.scale import scale
from dokkupy_apps.testing import deploy
from dokkupy_sdk.errors import CheckFailed

from plugins_builtin.apps.tests.on_fakes import BLOG, TREE, dies_at_the_switch, engine, proxy


def test_restore_checks_the_instances_it_starts_and_leaves_failed_ones_to_the_timer(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(host, "blog", TREE)
    engine(host).put("blog.web.1", "exited", 137)
    with monkeypatch.context() as patch:
        dies_at_the_switch(host, patch, "blog.web.1")
        proxy(host).silent.add("blog.example.com")
        with pytest.raises(CheckFailed):
            reconcile(host, BLOG, watched=True)
        assert status.should_run(host, BLOG)
        assert reconcile(host, BLOG) == ["blog: started web.1"], "at boot the timer looks at it instead"


def test_reconciling_starts_what_should_run_and_removes_what_should_not(host: Host) -> None:
    deploy(host, "blog", TREE)
    engine(host).put("blog.web.1", "exited", 137)
    assert reconcile(host, BLOG) == ["blog: started web.1"]
    assert engine(host).made["blog.web.1"].state == "running"
    assert reconcile(host, BLOG) == []


def test_instances_that_a_boot_brings_back_may_still_be_starting(host: Host) -> None:
    deploy(host, "blog", TREE)
    engine(host).put("blog.web.1", "exited", 137)
    proxy(host).silent.add("blog.example.com")
    assert reconcile(host, BLOG) == ["blog: started web.1"]
    scale(host, BLOG, {ProcessType("worker"): 2})
    assert reconcile(host, BLOG) == []
