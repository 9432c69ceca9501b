"""Instances of a release replace those of the release before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dokkupy.host import Host
from dokkupy.model.names import AppName, ProcessType
from dokkupy.model.release import InstanceStatus
from dokkupy_apps.apps import create_app
from dokkupy_apps.processes.scale import scale
from dokkupy_apps.processes.start_stop import stop_app
from dokkupy_apps.releases import from_state
from dokkupy_apps.releases.records import current
from dokkupy_apps.rollout.failures import explain
from dokkupy_apps.rollout.retire import retire_due
from dokkupy_apps.testing import deploy
from dokkupy_sdk.errors import CheckFailed

from plugins_builtin.apps.tests.on_fakes import BLOG, TREE, engine, scheduler


def test_the_old_instances_retire_after_the_switch(host: Host) -> None:
    first = deploy(host, "blog", TREE)
    deploy(host, "blog", TREE)
    assert any(".retired-" in name for name in engine(host).made)
    retire_due(host)
    assert set(engine(host).made) == {"blog.web.1"}
    assert engine(host).containers.find(first.instances[0].id) is None


def test_a_dead_instance_is_explained_by_its_last_lines(host: Host) -> None:
    create_app(host, BLOG)
    scheduler(host).dead.add("web")
    engine(host).output["serve"] = [b"cannot bind"]
    with pytest.raises(CheckFailed) as caught:
        deploy(host, "blog", TREE)
    assert any("cannot bind" in line for line in caught.value.details)
    assert host.store.read("apps", BLOG, "failed")["instances"][0]["dyno"] == "web.1"
    assert engine(host).made == {}


@pytest.mark.parametrize("stopped", [True, False])
def test_failed_start_says_that_old_instances_serve_only_if_they_run(host: Host, stopped: bool) -> None:
    deploy(host, "blog", TREE)
    if stopped:
        stop_app(host, BLOG)
    scheduler(host).dead.add("web")
    with pytest.raises(CheckFailed) as caught:
        deploy(host, "blog", TREE)
    assert ("The old instances keep serving." in caught.value.hint) is not stopped


def test_the_error_has_the_states_of_failed_instances_and_the_next_step(host: Host) -> None:
    deploy(host, "blog", TREE)
    scale(host, BLOG, {ProcessType("worker"): 1})
    release, (web, worker) = current(host, BLOG)
    assert release is not None
    states = (InstanceStatus(web, "running"), InstanceStatus(worker, "restarting", 137, oom_killed=True, restarts=1))
    for one in (web, worker):
        engine(host).containers.stop(
            one.id, timeout=1
        )  # the error describes them as they were then, not after the rollback
    for serving in (True, False):
        fault = CheckFailed("no answer", instances=(web, worker), states=states)
        explain(host, release, fault, serving=serving)
        assert "blog[web.1] was running, its last lines:" in fault.details
        assert "blog[worker.1] ran out of memory, and was started again, its last lines:" in fault.details
        assert ("The old instances keep serving." in fault.hint) is serving
        assert "resource:limit blog --memory" in fault.hint
        assert fault.hint.endswith("See also: logs:failed blog, builds:output blog")
    first, second = host.store.read("apps", BLOG, "failed")["instances"]
    assert (first["ended"], "exit_code" in first) == ("was running", False)
    assert (second["ended"], second["exit_code"]) == ("ran out of memory", 137)


def test_hook_for_options_is_called_for_each_process_type(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def options(host: Host, app: AppName, phase: str, process: str) -> tuple[str, ...]:
        asked.append((phase, process))
        return (f"--label={phase}={process}",)

    monkeypatch.setattr(from_state, "options", options)
    release = deploy(host, "blog", TREE).release
    assert {("run", "run"), ("deploy", "web"), ("deploy", "worker")} <= set(asked)
    assert release.deploy_options("worker") == ("--label=deploy=worker",)
    older = replace(release, options={"deploy": ("--init",)})
    assert older.deploy_options("web") == ("--init",)
