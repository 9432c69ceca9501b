"""Renames and clones: one operation each, with the serving image."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from dokkupy.errors import Busy, Conflict, DokkupyError
from dokkupy.host import Host
from dokkupy.kernel import failpoints, locks
from dokkupy.model.names import AppName, Domain, EnvKey, ProcessType
from dokkupy.model.secret import Secret
from dokkupy_apps.apps import create_app, destroy_app
from dokkupy_apps.desired import status
from dokkupy_apps.desired.config import get_env, set_env
from dokkupy_apps.processes.redeploy import rebuild, redeploy
from dokkupy_apps.processes.rollback import rollback
from dokkupy_apps.processes.scale import scale
from dokkupy_apps.processes.start_stop import start_app, stop_app
from dokkupy_apps.releases.private_names import private_part
from dokkupy_apps.releases.records import current, numbers
from dokkupy_apps.rollout.retire import retire_due
from dokkupy_apps.testing import deploy
from dokkupy_commands.use_cases.rename_clone import clone_app, rename_app
from dokkupy_host.timer.maintenance import recover_all
from dokkupy_sdk import hookimpl
from dokkupy_sdk.errors import CheckFailed
from dokkupy_sdk.operation import operation
from dokkupy_sdk.source_store import source_store
from dokkupy_sdk.state import DomainsFile
from dokkupy_sdk.testing import FakeProxy, fake_host

OLD, NEW = AppName("blog"), AppName("diary")
TREE = {"Dockerfile": "FROM scratch", "Procfile": "web: serve\nworker: work\n"}


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    host = fake_host(tmp_path)
    deploy(host, "blog", TREE)
    source_store(host).trees["blog"] = dict(TREE)  # type: ignore[attr-defined]
    with operation(host, "test", "app:blog") as tx:
        set_env(tx, OLD, {EnvKey("COLOR"): Secret("blue")})
        tx.save(DomainsFile(vhosts=(Domain("blog.org"),), enabled=True), OLD)
    redeploy(host, OLD, kind="config")
    scale(host, OLD, {ProcessType("worker"): 1})
    retire_due(host)
    return host


def tags(host: Host, app: str) -> set[str]:
    found = [tag for _, names, _ in host.images().find_all({}) for tag in names]
    names = {tag.partition(":")[2] for tag in found if tag.startswith(f"dokku/{app}:")}
    private = {name.partition("-")[2] for name in names}
    assert not names or private == {private_part(host.store, AppName(app)).reveal()}
    return {name.partition("-")[0] for name in names}


def running(host: Host) -> set[str]:
    return {one.name for one in host.containers().find_all({}) if one.state == "running"}


def test_renamed_app_has_everything_of_the_old_one_and_the_old_one_is_gone(host: Host) -> None:
    kept = numbers(host, OLD)
    rename_app(host, OLD, NEW)
    retire_due(host)
    assert [str(app) for app in host.store.apps()] == ["diary"]
    assert get_env(host, NEW)[EnvKey("COLOR")].reveal() == "blue"
    assert numbers(host, NEW) == kept
    assert tags(host, "blog") == set()
    assert tags(host, "diary") == {"latest", *(f"r{number}" for number in kept)}
    assert running(host) == {"diary.web.1", "diary.worker.1"}
    routes = host.proxy().routes  # type: ignore[attr-defined]
    assert list(routes) == ["diary"]
    assert [str(name) for name in routes["diary"].domains] == ["blog.org"]
    assert "blog" not in source_store(host).trees  # type: ignore[attr-defined]
    assert rollback(host, NEW).release.number == max(kept) + 1


def test_instances_of_the_old_name_finish_their_requests(host: Host) -> None:
    rename_app(host, OLD, NEW)
    assert len(running(host)) == 4
    retire_due(host)
    assert running(host) == {"diary.web.1", "diary.worker.1"}


def test_a_rename_without_a_deploy_leaves_an_app_that_was_not_deployed(host: Host) -> None:
    rename_app(host, OLD, NEW, deploy=False)
    assert running(host) == set()
    assert current(host, NEW) == (None, ())
    assert rebuild(host, NEW).release.number == 3


def test_a_stopped_app_stays_stopped_when_it_is_renamed(host: Host) -> None:
    stop_app(host, OLD)
    rename_app(host, OLD, NEW)
    assert running(host) == set()
    assert not status.should_run(host, NEW)
    start_app(host, NEW)
    assert running(host) == {"diary.web.1", "diary.worker.1"}


def test_a_clone_runs_beside_the_original_and_shares_no_domain(host: Host) -> None:
    clone_app(host, OLD, NEW)
    assert running(host) == {"blog.web.1", "blog.worker.1", "diary.web.1", "diary.worker.1"}
    assert numbers(host, NEW) == [1]
    assert get_env(host, NEW)[EnvKey("COLOR")].reveal() == "blue"
    routes = host.proxy().routes  # type: ignore[attr-defined]
    assert not set(routes["diary"].domains) & set(routes["blog"].domains)


def test_a_taken_name_is_refused(host: Host) -> None:
    deploy(host, "diary", TREE)
    for copy in (rename_app, clone_app):
        with pytest.raises(Conflict, match="already taken"):
            copy(host, OLD, NEW)


def test_old_app_is_locked_while_it_is_renamed(host: Host) -> None:
    lock = locks.take(host.root, "app:blog", owner={"command": "ps:scale blog web=2"}, wait=0)
    try:
        with (
            pytest.raises(Busy, match="ps:scale"),
            operation(host, "apps:rename", "app:diary", wait=0, also=("app:blog",)),
        ):
            pass
    finally:
        lock.release()


@pytest.mark.parametrize("copy", [rename_app, clone_app])
def test_a_failed_copy_names_no_command_about_the_app_that_was_rolled_back(host: Host, copy: object) -> None:
    seen = []

    class Diagnosis:
        @hookimpl
        def on_deploy_finished(self, host: Host, app: AppName, outcome: str, error: DokkupyError) -> None:
            seen.append((app, outcome, host.store.has_file("apps", app, "failed")))
            error.hint = f"Fix: config:unset {app} PATH\nSee also: why {app}"

    host.hooks.manager.register(Diagnosis(), name="diagnosis")
    host.scheduler().dead.add("web")  # type: ignore[attr-defined]
    with pytest.raises(CheckFailed) as caught:
        copy(host, OLD, NEW)  # type: ignore[operator]
    assert not host.store.has_app(NEW) and host.store.has_app(OLD)
    assert "See also" not in caught.value.hint and "Fix: config:unset blog PATH\n" in caught.value.hint
    assert seen == [("diary", "failed", True)]
    assert caught.value.hint.endswith("diary was removed again, and blog is as it was.")


@pytest.mark.parametrize("copy", [rename_app, clone_app])
def test_copy_happens_completely_or_not_at_all_wherever_it_fails(
    host: Host, monkeypatch: pytest.MonkeyPatch, copy: object
) -> None:
    failures = 0
    for number in range(1, 100):
        kept = numbers(host, OLD)
        monkeypatch.setattr(failpoints, "_passed", 0)
        monkeypatch.setenv("DOKKUPY_FAILPOINT", f"fail@{number}")
        try:
            copy(host, OLD, NEW)  # type: ignore[operator]
        except DokkupyError:
            failures += 1
        finally:
            monkeypatch.delenv("DOKKUPY_FAILPOINT")
        recover_all(host, boot=False)
        retire_due(host)
        where = f"boundary {number}"
        apps = {str(app) for app in host.store.apps()}
        routes = host.proxy().routes  # type: ignore[attr-defined]
        assert set(routes) == apps, where
        assert set(source_store(host).trees) == apps, where  # type: ignore[attr-defined]
        assert running(host) == {f"{app}.{dyno}" for app in apps for dyno in ("web.1", "worker.1")}, where
        if apps == {"blog"}:
            assert numbers(host, OLD) == kept, where
            assert tags(host, "diary") == set(), where
            assert [str(name) for name in routes["blog"].domains] == ["blog.org"], where
            continue
        if failures < number:  # no step failed
            break
        # It failed after the commit, so the copy is complete. Restore the state for the next round.
        if apps == {"diary"}:
            rename_app(host, NEW, OLD)
            retire_due(host)
        else:
            destroy_app(host, NEW)
    assert 10 < failures < 99


def test_the_page_for_visitors_goes_with_the_app_and_follows_its_name(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    host.store.write("global", "domains", data={"vhosts": ["apps.test"]})
    waiting = cast(FakeProxy, host.proxy(OLD)).waiting
    create_app(host, OLD)
    clone_app(host, OLD, AppName("copy"))
    rename_app(host, OLD, NEW)
    assert sorted(waiting) == ["copy", "diary"]
    for name in ("copy", "diary"):
        destroy_app(host, AppName(name))
    assert waiting == {}
