"""Images of releases that are missing from the engine are built again. If that is impossible, the error says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy.host import Host
from dokkupy_apps.processes.lost_images import lost
from dokkupy_apps.processes.redeploy import redeploy
from dokkupy_apps.processes.rollback import rollback
from dokkupy_apps.processes.start_stop import start_app, stop_app
from dokkupy_apps.releases.records import current, read_release
from dokkupy_apps.testing import deploy
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.source_store import source_store
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.fake_engine import FakeEngine

APP = AppName("blog")
TREE = {"Procfile": "web: serve\n"}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path)
    for release in range(2):
        deploy(host, "blog", {**TREE, "n": str(release)})
    return host


def prune(host: Host) -> None:
    """Do what `docker system prune -a` does when nothing runs."""
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    engine.tags.clear()


def names(host: Host) -> frozenset[str]:
    return frozenset(name for identifier, tags, _ in host.images().find_all({}) for name in (identifier, *tags))


def can_check_out(host: Host, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the source check out each commit, like a repository. Returns the commits that were checked out."""
    asked: list[str] = []

    def checkout(app: AppName, directory: Path, revision: str = "") -> str:
        asked.append(revision)
        for name, text in TREE.items():
            (directory / name).write_text(text)
        return revision

    monkeypatch.setattr(source_store(host), "checkout", checkout)
    return asked


def test_image_that_exists_is_not_built_again(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = can_check_out(host, monkeypatch)
    assert lost(host, APP, names(host)) == []
    redeploy(host, APP, kind="restart")
    rollback(host, APP, 1)
    assert asked == []


def test_a_rollback_builds_the_lost_image_from_the_commit_of_its_release(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = can_check_out(host, monkeypatch)
    revision = read_release(host, APP, 1).revision
    prune(host)
    assert lost(host, APP, names(host)) == [1, 2]
    rollback(host, APP, 1)
    assert asked == [revision]
    release, _ = current(host, APP)
    assert release is not None and release.number == 3 and host.images().find(release.image) is not None
    assert read_release(host, APP, 1).image == release.image
    assert lost(host, APP, names(host)) == [2]
    assert not [name for name in names(host) if "build-" in name]


@pytest.mark.parametrize("start", ["ps:start", "ps:restart"])
def test_a_stopped_app_whose_image_is_lost_starts_again(
    host: Host, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    asked = can_check_out(host, monkeypatch)
    stop_app(host, APP)
    for one in host.containers().find_all({"dokkupy.app": "blog"}):
        host.containers().remove(one.id)
    prune(host)
    if start == "ps:start":
        start_app(host, APP)
    else:
        redeploy(host, APP, kind="restart")
    assert len(asked) == 1 and lost(host, APP, names(host)) == [1]


def test_without_its_commit_the_error_says_what_is_lost_and_nothing_changes(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def checkout(app: AppName, directory: Path, revision: str = "") -> str:
        raise AppError(f"blog has no revision {revision}", hint="Push it.")

    monkeypatch.setattr(source_store(host), "checkout", checkout)
    prune(host)
    with pytest.raises(
        AppError, match="image of v1 of blog is missing from the engine, and cannot be built again: blog has no"
    ) as caught:
        rollback(host, APP, 1)
    assert caught.value.code == "image_lost"
    release, _ = current(host, APP)
    assert release is not None and release.number == 2
