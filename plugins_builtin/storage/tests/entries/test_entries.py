"""Named entries: created, mounted by phase and process type, changed, destroyed, restored."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host
from dokkupy_storage.directories.directory import storage_root
from dokkupy_storage.entries.changes import purge_due, trash_path
from dokkupy_storage.hooks import container_options, scheduled_jobs
from dokkupy_storage.records import find_entry, mounts_of, require_entry

APP, OTHER = AppName("blog"), AppName("zebra")
TREE = {"Procfile": "web: serve\nworker: work\n"}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path / "dokkupy", plugins=("storage",))
    for app in (APP, OTHER):
        create_app(host, app)
    os.makedirs(storage_root(host))
    return host


def run(host: Host, *words: str, who: str = "root") -> int:
    return main(list(words), host=host, who=who)


def answer(host: Host, capsys: pytest.CaptureFixture[str], *words: str, who: str = "root") -> Any:
    capsys.readouterr()
    assert run(host, *words, "--format", "json", who=who) == 0
    return json.loads(capsys.readouterr().out)


def sources(host: Host, phase: str, process: str, app: AppName = APP) -> list[str]:
    return [word.partition("source=")[2] for word in container_options(host, app, phase, process)]


def key(host: Host, *apps: str) -> None:
    host.store.write("global", "ssh-keys", data={"keys": {"ann": {"role": "deployer", "apps": list(apps)}}})


def test_an_entry_gets_a_directory_of_its_name_and_is_created_once(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    path = os.path.join(storage_root(host), "data")
    found = answer(host, capsys, "storage:create", "data", "--label", "tier=gold")
    assert found["host-path"] == path and os.path.isdir(path) and found["labels"] == {"tier": "gold"}
    first = require_entry(host, "data").id
    assert run(host, "storage:create", "data") == 0 and require_entry(host, "data").id == first
    assert run(host, "storage:create", "data", "/srv") == 1
    assert f"exists with the path {path}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["Data", "a_b", "-a", "a-", "x" * 46, "..", "a/b"])
def test_a_name_is_a_dns_label(host: Host, name: str) -> None:
    assert run(host, "storage:create", name) == 1
    assert os.listdir(storage_root(host)) == []


def test_a_path_of_the_host_must_exist_and_belongs_to_one_entry(host: Host, tmp_path: Path) -> None:
    assert run(host, "storage:create", "far", str(tmp_path / "far")) == 1
    (tmp_path / "far").mkdir()
    assert run(host, "storage:create", "far", str(tmp_path / "far")) == 0
    assert run(host, "storage:create", "again", str(tmp_path / "far")) == 1
    assert find_entry(host, "again") is None


def test_mounts_are_given_by_phase_and_process_type(host: Host) -> None:
    for name in ("all", "run", "work"):
        run(host, "storage:create", name)
    assert run(host, "storage:mount", APP, "all", "--container-dir", "/all") == 0
    assert run(host, "storage:mount", APP, "run", "--container-dir", "/run/x", "--phase", "run") == 0
    assert run(host, "storage:mount", APP, "work", "--container-dir", "/w", "--process-type", "worker") == 0
    root = storage_root(host)
    assert sources(host, "deploy", "web") == [f"{root}/all,target=/all"]
    assert sources(host, "deploy", "worker") == [f"{root}/all,target=/all", f"{root}/work,target=/w"]
    assert sources(host, "run", "run") == [f"{root}/all,target=/all", f"{root}/run,target=/run/x"]
    assert sources(host, "build", "build") == []


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--container-dir", "relative"),
        ("--container-dir", "/"),
        ("--container-dir", "/data/../../x"),
        ("--container-dir", "/proc"),
        ("--container-dir", "/proc/1"),
        ("--container-dir", "/sys/fs"),
        ("--container-dir", "/dev"),
        ("--container-dir", "/d", "--phase", "build"),
        ("--container-dir", "/d", "--phase", "run", "--process-type", "web"),
        ("--container-dir", "/d", "--volume-subpath", "../up"),
        ("--container-dir", "/d", "--volume-subpath", "/etc"),
        ("--container-dir", "/d", "--volume-subpath", "missing"),
        ("--container-dir", "/d", "--volume-options", "exec"),
        ("--container-dir", "/d", "--volume-chown", "me"),
    ],
)
def test_invalid_mounts_of_entries_are_refused(host: Host, words: tuple[str, ...]) -> None:
    run(host, "storage:create", "data")
    assert run(host, "storage:mount", APP, "data", *words) == 1
    assert mounts_of(host, APP) == ()


def test_a_mount_is_changed_in_place(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    run(host, "storage:create", "data")
    run(host, "storage:mount", APP, "data", "--container-dir", "/d")
    run(host, "storage:mount", APP, "data", "--container-dir", "/d", "--volume-readonly", "--phase", "run")
    (only,) = mounts_of(host, APP)
    assert only.options == "ro" and only.phases == ("run",)
    found = answer(host, capsys, "storage:report", APP)
    assert found["storage-attachment.1.entry-name"] == "data"
    assert found["storage-attachment.1.volume-readonly"] == "true" and found["storage-deploy-mounts"] == ""
    assert run(host, "storage:unmount", APP, "data", "--container-dir", "/other") == 1
    assert run(host, "storage:unmount", APP, "data") == 0 and mounts_of(host, APP) == ()


def test_a_sub_path_is_mounted_and_its_outer_directory_cannot_be_mounted_too(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    run(host, "storage:create", "data")
    inner = os.path.join(storage_root(host), "data", "in")
    os.mkdir(inner)
    assert run(host, "storage:mount", APP, "data", "--container-dir", "/d", "--volume-subpath", "in") == 0
    assert sources(host, "deploy", "web") == [f"{inner},target=/d"]
    assert run(host, "storage:mount", OTHER, "data", "--container-dir", "/d") == 1
    assert "could replace the inner one with a link" in capsys.readouterr().err
    assert run(host, "storage:mount", OTHER, "data", "--container-dir", "/d", "--volume-readonly") == 0


def test_a_destroyed_entry_is_in_the_trash_and_is_restored_with_its_data(host: Host, tmp_path: Path) -> None:
    run(host, "storage:create", "data")
    path = Path(storage_root(host), "data")
    (path / "kept").write_text("x")
    before = require_entry(host, "data")
    assert run(host, "--force", "storage:destroy", "data", "--destroy-host-dir") == 0
    assert not path.exists() and find_entry(host, "data") is None
    assert (Path(trash_path(host, before.id)) / "kept").read_text() == "x"
    assert run(host, "storage:undestroy", "data") == 0
    assert (path / "kept").read_text() == "x" and require_entry(host, "data") == before


def test_a_new_entry_with_the_name_of_a_destroyed_one_is_a_different_entry(host: Host) -> None:
    run(host, "storage:create", "data")
    first = require_entry(host, "data").id
    run(host, "--force", "storage:destroy", "data", "--destroy-host-dir")
    run(host, "storage:create", "data")
    assert require_entry(host, "data").id != first
    assert run(host, "storage:undestroy", "data") == 1


def test_destroy_keeps_the_directory_and_refuses_while_it_is_mounted_or_runs(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    run(host, "storage:create", "data")
    path = os.path.join(storage_root(host), "data")
    run(host, "storage:mount", APP, "data", "--container-dir", "/d")
    deploy(host, APP, TREE)
    assert run(host, "--force", "storage:destroy", "data") == 1
    run(host, "storage:unmount", APP, "data")
    assert run(host, "--force", "storage:destroy", "data") == 1, "its containers still have it"
    assert f"Storage entry data is mounted by: {APP}" in capsys.readouterr().err
    deploy(host, APP, TREE)
    assert run(host, "--force", "storage:destroy", "data") == 0
    assert os.path.isdir(path)


def test_the_trash_keeps_entries_until_their_time_is_over(host: Host) -> None:
    run(host, "storage:create", "data")
    identifier = require_entry(host, "data").id
    run(host, "--force", "storage:destroy", "data", "--destroy-host-dir")
    assert [job.name for job in scheduled_jobs(host)] == ["storage-trash"]
    purge_due(host)
    assert host.store.names("storage-trash") == [identifier]
    purge_due(host, now=9e9)  # the fake engine runs no program; an e2e test covers what root deletes
    assert host.store.names("storage-trash") == []


def test_set_changes_the_changeable_properties(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    run(host, "storage:create", "data", "--reclaim-policy", "Retain")
    assert "--reclaim-policy has no effect" in capsys.readouterr().err
    assert run(host, "storage:set", "data", "mode", "0750") == 0
    assert run(host, "storage:set", "data", "size", "1Gi") == 0
    found = answer(host, capsys, "storage:info", "data")
    assert (found["mode"], found["size"], found["reclaim-policy"]) == ("0750", "1Gi", "Retain")
    for words in (("access-mode", "x"), ("nonsense", "x"), ("mode", "9"), ("reclaim-policy", "Maybe"), ("chown", "me")):
        assert run(host, "storage:set", "data", *words) == 1
    assert run(host, "storage:set", "--global", "trash-days", "3") == 0
    assert answer(host, capsys, "storage:report", "--global", "--verbose")["storage-global-trash-days"] == "3"
    assert run(host, "storage:set", "--global", "trash-days", "soon") == 1


@pytest.mark.parametrize("kind", ["labels", "annotations"])
def test_pairs_are_set_shown_and_unset(host: Host, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(host, "storage:create", "data")
    assert run(host, f"storage:{kind}:set", "data", "example.com/tier", "gold") == 0
    assert answer(host, capsys, f"storage:{kind}:report", "data") == {"example.com/tier": "gold"}
    run(host, f"storage:{kind}:report", "data", "example.com/tier")
    assert capsys.readouterr().out == "gold\n"
    assert run(host, f"storage:{kind}:set", "data", "example.com/tier") == 0
    assert answer(host, capsys, f"storage:{kind}:report", "data") == {}
    assert run(host, f"storage:{kind}:set", "data", "a=b", "x") == 1


def test_list_entries_and_info_show_a_key_only_its_own_entries(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    for name, app in (("mine", APP), ("theirs", OTHER), ("both", APP), ("both", OTHER)):
        run(host, "storage:create", name)
        run(host, "storage:mount", app, name, "--container-dir", f"/{name}")
    run(host, "storage:create", "nobodys")
    key(host, APP)
    assert [one["name"] for one in answer(host, capsys, "storage:list-entries")] == [
        "both",
        "mine",
        "nobodys",
        "theirs",
    ]
    found = answer(host, capsys, "storage:list-entries", who="key:ann")
    assert [one["name"] for one in found] == ["mine"]
    for name in ("theirs", "both", "nobodys", "missing"):
        assert run(host, "storage:info", name, who="key:ann") == 1
        assert run(host, "storage:mount", APP, name, "--container-dir", "/x", who="key:ann") == 1
    assert run(host, "storage:info", "mine", who="key:ann") == 0
    assert run(host, "storage:mount", APP, "mine", "--container-dir", "/x", who="key:ann") == 0


def test_a_deployer_gets_no_more_of_an_entry_than_the_app_has(host: Host) -> None:
    run(host, "storage:create", "data")
    os.mkdir(os.path.join(storage_root(host), "data", "in"))
    mount = ("storage:mount", APP, "data", "--container-dir")
    run(host, *mount, "/d", "--volume-readonly")
    key(host, APP)
    assert run(host, *mount, "/more", who="key:ann") == 1, "it only reads it"
    path = os.path.join(storage_root(host), "data")
    assert run(host, "storage:mount", APP, f"{path}:/more", who="key:ann") == 1
    assert run(host, "storage:mount", APP, f"{path}:/more:ro", who="key:ann") == 0
    run(host, *mount, "/d")
    assert run(host, *mount, "/w", who="key:ann") == 0
    for words in (("--volume-subpath", "in"), ("--volume-chown", "root"), ("--volume-options", "rshared")):
        assert run(host, *mount, "/x", *words, who="key:ann") == 1
    assert {one.target for one in mounts_of(host, APP)} == {"/d", "/more", "/w"}


@pytest.mark.parametrize("name", ["create", "destroy", "set", "ensure-directory", "labels:set", "undestroy", "trash"])
def test_only_admins_change_entries(host: Host, name: str) -> None:
    run(host, "storage:create", "mine")
    run(host, "storage:mount", APP, "mine", "--container-dir", "/m")
    key(host, APP)
    words = {"set": ("mine", "mode", "0700"), "labels:set": ("mine", "a", "b"), "trash": ()}.get(name, ("mine",))
    assert run(host, f"storage:{name}", *words, who="key:ann") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("storage:create", "new"),
        ("storage:set", "data", "mode", "0700"),
        ("storage:mount", APP, "data", "--container-dir", "/d"),
        ("storage:labels:set", "data", "a", "b"),
        ("storage:destroy", "data", "--destroy-host-dir"),
        ("storage:ensure-directory", "new"),
    ],
)
def test_a_dry_run_changes_nothing(host: Host, words: tuple[str, ...]) -> None:
    run(host, "storage:create", "data")
    before = sorted(str(path) for path in Path(host.root).parent.rglob("*") if "journal" not in str(path))
    assert run(host, *words, "--dry-run") == 0
    assert sorted(str(path) for path in Path(host.root).parent.rglob("*") if "journal" not in str(path)) == before


def test_wait_exits_with_0_if_the_entry_can_be_mounted(host: Host) -> None:
    run(host, "storage:create", "data")
    assert run(host, "storage:wait", "data") == 0
    os.rmdir(os.path.join(storage_root(host), "data"))
    assert run(host, "storage:wait", "data") == 1
