"""A volume that the engine lost while the app was stopped: the app is not started with an empty one."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_docker.lost_volumes import lost, named, require_present
from dokkupy_sdk.errors import StateError
from dokkupy_sdk.model import Release
from dokkupy_sdk.names import AppName, ProcessType
from dokkupy_sdk.testing import fake_host

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


def test_an_app_whose_volume_is_gone_is_not_started_and_the_error_names_both_ways_on(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    before = release("-v", "data:/data")
    with pytest.raises(StateError, match="The volume data of blog is gone") as caught:
        require_present(host, before, before)
    assert "backups:restore app:blog" in caught.value.hint and "docker volume create data" in caught.value.hint
    host.volumes().ensure("data", labels={})
    require_present(host, before, before)


def test_a_volume_that_the_app_had_not_or_wants_no_more_is_no_loss(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    wanted = release("-v", "data:/data")
    require_present(host, None, wanted)
    require_present(host, release("-v", "other:/data"), wanted)
    require_present(host, wanted, release("--init"))
    assert lost(wanted, ["data"]) == []
