"""The labels of an app's containers."""

from __future__ import annotations

from dokkupy_docker.scheduler import labels
from dokkupy_sdk.model import Release
from dokkupy_sdk.names import AppName, ProcessType


def release(alias: str = "") -> Release:
    settings = {"logs": {"app-label-alias": alias}} if alias else {}
    return Release(
        AppName("blog"),
        1,
        f"sha256:{1:064x}",
        "2026-01-01T00:00:00Z",
        "git-hook",
        processes={ProcessType("web"): "serve"},
        settings=settings,
    )


def test_a_log_shipper_finds_the_app_by_dokkus_label_and_by_its_alias() -> None:
    plain = labels(release(), "deploy", "web", "web.1")
    assert plain["com.dokku.app-name"] == "blog"
    assert labels(release("shipper/app"), "deploy", "web", "web.1") == {**plain, "shipper/app": "blog"}


def test_an_alias_replaces_none_of_our_labels() -> None:
    plain = labels(release(), "deploy", "web", "web.1")
    for name in plain:
        assert labels(release(name), "deploy", "web", "web.1") == plain
