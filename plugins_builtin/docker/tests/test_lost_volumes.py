"""A volume that the engine lost while the app was stopped: the app is not started with an empty one."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_apps.releases.records import current
from dokkupy_apps.releases.serving import release_key
from dokkupy_apps.testing import deploy
from dokkupy_docker.hooks import diagnose
from dokkupy_docker.lost_volumes import causes, lost, named, require_present
from dokkupy_sdk.diagnosis import Evidence
from dokkupy_sdk.errors import StateError
from dokkupy_sdk.model import Release
from dokkupy_sdk.names import AppName, ProcessType
from dokkupy_sdk.operation import operation
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.values import replace

APP = AppName("blog")


def release(*options: str) -> Release:
    return Release(
        APP,
        1,
        f"sha256:{1:064x}",
        "2026-01-01T00:00:00Z",
        "git-hook",
        processes={ProcessType("web"): "serve"},
        options={"deploy": options},
    )


def test_volumes_are_those_with_a_name() -> None:
    options = ("-v", "data:/data", "-v", "/srv/files:/files:ro", "--mount", "type=volume,source=more,target=/more")
    assert named(release(*options)) == {"data", "more"}
    assert named(release("--init")) == set()


def test_app_whose_volume_is_missing_is_not_started_and_the_error_names_both_remedies(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    before = release("-v", "data:/data")
    with pytest.raises(StateError, match="The volume data of blog is gone") as caught:
        require_present(host, before, before)
    assert "backups:restore app:blog" in caught.value.hint and "docker volume create data" in caught.value.hint
    host.volumes().ensure("data", labels={})
    require_present(host, before, before)


def test_why_of_a_stopped_app_names_the_lost_volume(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    serving = current(host, APP)[0]
    assert serving is not None and list(causes(host, APP)) == []
    with operation(host, "test", f"app:{APP}") as tx:
        tx.save(replace(serving, options={"deploy": ("-v", "data:/data")}), APP, release_key(serving.number))
        tx.commit()
    (cause,) = causes(host, APP)
    assert "volume data of blog is gone" in cause.title and "docker volume create data" in cause.fix[0]
    assert list(diagnose(host, Evidence("blog", "serve"))) == []
    host.volumes().ensure("data", labels={})
    assert list(causes(host, APP)) == []


def test_volume_that_the_app_never_had_or_no_longer_requires_is_not_missing(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    wanted = release("-v", "data:/data")
    require_present(host, None, wanted)
    require_present(host, release("-v", "other:/data"), wanted)
    require_present(host, wanted, release("--init"))
    assert lost(wanted, ["data"]) == []
