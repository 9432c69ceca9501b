"""`ps:set`: start commands, deploys that are skipped, apps that do not start with the host."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from dokkupy.host import Host
from dokkupy.kernel.operation import operation
from dokkupy.model.names import AppName, EnvKey, ProcessType
from dokkupy.model.secret import Secret
from dokkupy_apps.apps import create_app
from dokkupy_apps.builds.records import builds_of
from dokkupy_apps.deploy import deploy_source
from dokkupy_apps.desired.config import set_env
from dokkupy_apps.desired.properties import PS, starts_at_boot
from dokkupy_apps.desired.status import should_run
from dokkupy_apps.processes.reconcile import reconcile
from dokkupy_apps.processes.redeploy import redeploy, restart_with_config
from dokkupy_apps.processes.rollback import rollback
from dokkupy_apps.processes.start_stop import start_app
from dokkupy_apps.releases.records import current, releases
from dokkupy_apps.releases.start_command import start_command, unread_note
from dokkupy_apps.testing import deploy
from dokkupy_sdk.testing import FakeEngine
from dokkupy_sdk.testing.fakes import write_tree

BLOG = AppName("blog")
WEB = ProcessType("web")
TREE = {"Procfile": "web: serve\nworker: work\n"}


def engine(host: Host) -> FakeEngine:
    made = host.engine()
    assert isinstance(made, FakeEngine)
    return made


def put(host: Host, name: str, value: str) -> None:
    with operation(host, "ps:set", "app:blog") as tx:
        PS.set(tx, BLOG, name, value)


def push(host: Host, tree: Mapping[str, str]) -> None:
    def fill(directory: Path) -> str:
        write_tree(directory, tree)
        return "b" * 40

    assert deploy_source(host, BLOG, kind="git-hook", fill=fill) is None


def test_start_command_of_an_image_replaces_each_command_of_the_procfile(host: Host) -> None:
    create_app(host, BLOG)
    put(host, "dockerfile-start-cmd", "serve --fast")
    deploy(host, "blog", TREE)
    release, _ = current(host, BLOG)
    assert release is not None
    assert {start_command(release, name) for name in release.processes} == {"serve --fast"}
    assert release.processes[WEB] == "serve", "one-off processes and scaling know the Procfile's own"
    put(host, "dockerfile-start-cmd", "")
    redeploy(host, BLOG, kind="restart")
    release, _ = current(host, BLOG)
    assert release is not None and start_command(release, WEB) == "serve"


def test_rollback_restores_the_start_command(host: Host) -> None:
    create_app(host, BLOG)
    put(host, "dockerfile-start-cmd", "old")
    deploy(host, "blog", TREE)
    put(host, "dockerfile-start-cmd", "new")
    redeploy(host, BLOG, kind="restart")
    rollback(host, BLOG)
    release, _ = current(host, BLOG)
    assert release is not None and start_command(release, WEB) == "old"


def test_start_command_without_effect_on_the_image_causes_a_warning(host: Host) -> None:
    create_app(host, BLOG)
    put(host, "start-cmd", "serve")
    deploy(host, "blog", TREE)
    release, _ = current(host, BLOG)
    assert release is not None and unread_note(release, "dockerfile-start-cmd") == ""
    assert "The property start-cmd has no effect on blog" in host.out.text()  # type: ignore[attr-defined]


def test_a_skipped_deploy_builds_and_keeps_a_release_and_starts_nothing(host: Host) -> None:
    deploy(host, "blog", TREE)
    before = current(host, BLOG)
    put(host, "skip-deploy", "true")
    push(host, {"Procfile": "web: other\n"})
    assert current(host, BLOG) == before
    assert [one.number for one in releases(host, BLOG)] == [2, 1]
    assert builds_of(host, BLOG)[0]["status"] == "succeeded"
    assert "Skipping deployment" in host.out.text()  # type: ignore[attr-defined]


def test_a_skipped_deploy_is_deployed_by_a_rollback_to_its_number(host: Host) -> None:
    deploy(host, "blog", TREE)
    put(host, "skip-deploy", "true")
    push(host, {"Procfile": "web: other\n"})
    rollback(host, BLOG, 2)
    release, _ = current(host, BLOG)
    assert release is not None and release.processes[WEB] == "other"


def test_while_deploys_are_skipped_a_changed_variable_restarts_nothing(host: Host) -> None:
    deploy(host, "blog", TREE)
    put(host, "skip-deploy", "true")
    with operation(host, "config:set", "app:blog") as tx:
        set_env(tx, BLOG, {EnvKey("COLOUR"): Secret("blue")})
    assert not restart_with_config(host, BLOG)


def test_app_that_is_not_restored_keeps_running_but_stays_down_after_a_boot(host: Host) -> None:
    deploy(host, "blog", TREE)
    put(host, "restore", "false")
    assert should_run(host, BLOG)
    assert reconcile(host, BLOG) == []
    engine(host).put("blog.web.1", "exited", 0)
    assert reconcile(host, BLOG) == []
    assert engine(host).made["blog.web.1"].state == "exited"
    assert not should_run(host, BLOG), "the timer and the proxy know it as stopped"


@pytest.mark.parametrize("by", ["start", "deploy"])
def test_a_start_or_deploy_restores_the_app_at_the_next_boot_again(host: Host, by: str) -> None:
    deploy(host, "blog", TREE)
    put(host, "restore", "false")
    assert not starts_at_boot(host, BLOG)
    if by == "start":
        start_app(host, BLOG)
    else:
        deploy(host, "blog", TREE)
    assert starts_at_boot(host, BLOG)
