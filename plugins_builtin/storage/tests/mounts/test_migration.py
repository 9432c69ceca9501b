"""`storage:migrate` turns docker options that mount directories into mounts, and changes nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_docker.options.stored import DockerOptionsFile
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host
from dokkupy_storage.directories.directory import storage_root
from dokkupy_storage.mounts.migration import mountable
from dokkupy_storage.records import mounts_of

APP, OTHER = AppName("blog"), AppName("zebra")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path / "dokkupy", plugins=("storage", "docker"))
    os.makedirs(os.path.join(storage_root(host), "data"))
    for app in (APP, OTHER):
        create_app(host, app)
    return host


def options(host: Host, app: AppName = APP) -> DockerOptionsFile:
    return host.store.load(DockerOptionsFile, app)


def test_an_option_becomes_a_mount_with_the_same_phases_and_process_type(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    path = os.path.join(storage_root(host), "data")
    volume, other = f"-v {path}:/data", "--volume=cache-1:/cache:ro"
    phases = {"build": [f"-v {path}:/b"], "deploy": [volume, "--memory 1g"], "run": [volume, "-v /nowhere:/x"]}
    host.store.write(
        "apps", APP, "docker-options", data={"phases": phases, "processes": {"worker": {"deploy": [other]}}}
    )
    assert main(["storage:migrate", APP], host=host) == 0
    first, second = mounts_of(host, APP)
    assert (first.source, first.target, first.phases, first.process_type) == (path, "/data", ("deploy", "run"), "")
    assert (second.source, second.options, second.phases, second.process_type) == (
        "cache-1",
        "ro",
        ("deploy",),
        "worker",
    )
    left = options(host)
    assert left.phases == {"build": (f"-v {path}:/b",), "deploy": ("--memory 1g",), "run": ("-v /nowhere:/x",)}
    assert left.processes == {"worker": {"deploy": ()}}
    assert "The docker option -v /nowhere:/x of blog was not turned into a mount" in capsys.readouterr().err
    assert main(["storage:migrate", APP], host=host) == 0 and mounts_of(host, APP) == (first, second)


def test_all_migrates_the_options_of_every_app(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    path = os.path.join(storage_root(host), "data")
    for app in (APP, OTHER):
        host.store.write("apps", app, "docker-options", data={"phases": {"deploy": [f"-v {path}:/data"]}})
    assert main(["storage:migrate", "--all", "--format", "json"], host=host) == 0
    assert [row["app"] for row in json.loads(capsys.readouterr().out)] == [APP, OTHER]


def test_a_dry_run_and_a_deployer_change_nothing(host: Host) -> None:
    path = os.path.join(storage_root(host), "data")
    host.store.write("apps", APP, "docker-options", data={"phases": {"deploy": [f"-v {path}:/data"]}})
    host.store.write("global", "ssh-keys", data={"keys": {"ann": {"role": "deployer", "apps": [APP]}}})
    assert main(["storage:migrate", APP, "--dry-run"], host=host) == 0
    assert main(["storage:migrate", APP], host=host, who="key:ann") == 1
    assert mounts_of(host, APP) == () and options(host).phases["deploy"] == (f"-v {path}:/data",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-v /a:/b", "/a:/b"),
        ("--volume /a:/b:ro", "/a:/b:ro"),
        ("-v=/a:/b", "/a:/b"),
        ("--volume='/a b:/c'", "/a b:/c"),
        ("-v /anonymous", None),
        ("-v /a:/b --memory 1g", None),
        ("--mount type=bind,source=/a,target=/b", None),
        ("-v 'unclosed", None),
        ("--memory 1g", None),
    ],
)
def test_an_option_that_only_mounts_is_recognized(text: str, expected: str | None) -> None:
    assert mountable(text) == expected
