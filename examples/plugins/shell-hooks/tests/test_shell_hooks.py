"""An app's own hooks: when they run, and what their failure means."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.deploy import current
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import AppFault
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import deploy, fake_host

TREE = {"Dockerfile": "FROM scratch", "Procfile": "web: serve"}
MOMENTS = ("pre-deploy", "pre-switch", "post-deploy")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path, plugins=("shell-hooks",))
    for moment in MOMENTS:
        host.engine().files[f"/.dokkupy/hooks/{moment}"] = b"#!/bin/sh"  # type: ignore[attr-defined]
    return host


def ran(host: Host) -> list[str]:
    text = host.out.text()  # type: ignore[attr-defined]
    return [moment for moment in MOMENTS if f"Running the app's {moment} hook" in text]


def test_every_hook_of_the_image_runs_in_a_deploy(host: Host) -> None:
    deploy(host, "blog", TREE)
    assert ran(host) == list(MOMENTS)


def test_an_app_without_hooks_is_left_alone(host: Host) -> None:
    host.engine().files.clear()  # type: ignore[attr-defined]
    deploy(host, "blog", TREE)
    assert ran(host) == []


@pytest.mark.parametrize("moment", ["pre-deploy", "pre-switch"])
def test_a_failing_hook_before_the_switch_keeps_the_old_release(host: Host, moment: str) -> None:
    deploy(host, "blog", TREE)
    host.engine().exit_codes[f".dokkupy/hooks/{moment}"] = 3  # type: ignore[attr-defined]
    with pytest.raises(AppFault, match="status 3"):
        deploy(host, "blog", TREE)
    release, instances = current(host, AppName("blog"))
    assert release is not None and release.number == 1
    assert len(instances) == 1


def test_a_failing_hook_after_the_switch_is_a_warning(host: Host) -> None:
    host.engine().exit_codes[".dokkupy/hooks/post-deploy"] = 3  # type: ignore[attr-defined]
    deploy(host, "blog", TREE)
    assert ("warn", "Running the app's post-deploy hook failed: it exited with status 3") in host.out.lines  # type: ignore[attr-defined]


def test_an_app_can_do_without(host: Host) -> None:
    deploy(host, "blog", TREE)
    host.out.lines.clear()  # type: ignore[attr-defined]
    assert main(["shell-hooks:set", "blog", "enabled", "false"], host=host) == 0
    deploy(host, "blog", TREE)
    assert ran(host) == []
