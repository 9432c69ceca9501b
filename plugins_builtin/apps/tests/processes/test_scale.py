"""Scaling the processes of an app."""

from __future__ import annotations

import pytest
from dokkupy.errors import DokkupyError
from dokkupy.host import Host
from dokkupy.model.names import ProcessType
from dokkupy_apps.processes.scale import scale
from dokkupy_apps.rollout.retire import retire_due
from dokkupy_apps.testing import deploy

from plugins_builtin.apps.tests.on_fakes import BLOG, TREE, engine, proxy


def test_scaling_keeps_the_running_instances(host: Host) -> None:
    first = deploy(host, "blog", TREE).instances[0]
    scale(host, BLOG, {ProcessType("web"): 3, ProcessType("worker"): 1})
    assert set(engine(host).made) == {"blog.web.1", "blog.web.2", "blog.web.3", "blog.worker.1"}
    assert engine(host).made["blog.web.1"].id == first.id
    assert len(proxy(host).routes["blog"].upstreams[5000]) == 3
    scale(host, BLOG, {ProcessType("web"): 1})
    retire_due(host)
    assert set(engine(host).made) == {"blog.web.1", "blog.worker.1"}


def test_a_process_that_the_procfile_lacks_cannot_be_scaled(host: Host) -> None:
    deploy(host, "blog", TREE)
    for name in ("clock", "release"):
        with pytest.raises(DokkupyError, match="is not a valid process name"):
            scale(host, BLOG, {ProcessType(name): 1})
