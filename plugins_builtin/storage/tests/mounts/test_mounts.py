"""The legacy form `storage:mount APP SOURCE:TARGET[:OPTIONS]`, and the resulting docker options."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host
from dokkupy_sdk.diagnosis import Evidence
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host
from dokkupy_storage.directories.directory import OWNERS, owner_of, require_real, storage_root
from dokkupy_storage.hooks import container_options, diagnose
from dokkupy_storage.mounts.doctor import findings
from dokkupy_storage.names import Mountable
from dokkupy_storage.records import mounts_of

APP, OTHER = AppName("blog"), AppName("zebra")
TREE = {"Procfile": "web: serve\nworker: work\n"}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path / "dokkupy", plugins=("storage",))
    for app in (APP, OTHER):
        create_app(host, app)
    os.makedirs(storage_root(host))
    return host


def made(host: Host, name: str) -> str:
    path = os.path.join(storage_root(host), name)
    os.makedirs(path)
    return path


def run(host: Host, *words: str, who: str = "root") -> int:
    return main(list(words), host=host, who=who)


def options(host: Host, phase: str = "deploy", app: AppName = APP) -> list[str]:
    return list(container_options(host, app, phase, "web"))


def key(host: Host, *apps: str, role: str = "deployer") -> None:
    host.store.write("global", "ssh-keys", data={"keys": {"ann": {"role": role, "apps": list(apps)}}})


def test_a_directory_is_mounted_with_the_docker_option_that_refuses_a_missing_one(host: Host) -> None:
    path = made(host, "blog")
    assert run(host, "storage:mount", APP, f"{path}:/data") == 0
    assert run(host, "storage:mount", APP, f"{path}/:/more/:ro") == 0
    first = f"--mount=type=bind,source={path},target=/data"
    second = f"--mount=type=bind,source={path},target=/more,readonly"
    assert options(host) == options(host, "run") == [first, second]
    assert options(host, "build") == []


def test_every_release_has_the_mounts_and_run_has_them_too(host: Host) -> None:
    path = made(host, "blog")
    run(host, "storage:mount", APP, f"{path}:/data")
    release = deploy(host, APP, TREE).release
    word = f"--mount=type=bind,source={path},target=/data"
    assert release.options == {"run": (word,), "deploy:web": (word,), "deploy:worker": (word,)}


def test_a_volume_of_docker_is_named(host: Host) -> None:
    assert run(host, "storage:mount", APP, "cache-1:/data:nocopy") == 0
    assert options(host) == ["--volume=cache-1:/data:nocopy"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("NotAnEntry", "Storage entry name 'NotAnEntry' is invalid"),
        ("/only", "Storage path must be two valid paths divided by colon."),
        ("/a:relative", "Storage path must be two valid paths divided by colon."),
        ("/a/../b:/c", "Storage path must be two valid paths divided by colon."),
        ("/a,b:/c", "Storage path must be two valid paths divided by colon."),
        ("/a:/", "Storage path must be two valid paths divided by colon."),
        ("v:/c", "Volume name must be two characters or more."),
        ("../up:/c", "Volume name must be two characters or more."),
        ("/a:/c:exec", "'exec' is not an option of a mount"),
    ],
)
def test_an_invalid_mount_is_refused(host: Host, given: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(host, "storage:mount", APP, given) == 1
    assert capsys.readouterr().err.startswith(f" !     {message}")
    assert mounts_of(host, APP) == ()


def test_the_same_mount_is_not_added_twice(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    path, other = made(host, "blog"), made(host, "other")
    assert run(host, "storage:mount", APP, f"{path}:/data") == 0
    assert run(host, "storage:mount", APP, f"{path}:/data:ro") == 1
    assert " !     Mount path already exists.\n" in capsys.readouterr().err
    assert run(host, "storage:mount", APP, f"{other}:/data") == 1
    assert f"{path} is mounted at /data already" in capsys.readouterr().err


def test_unmount_keeps_the_data_and_refuses_what_is_not_mounted(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    path = made(host, "blog")
    Path(path, "kept").write_text("x")
    run(host, "storage:mount", APP, f"{path}:/data:ro")
    assert run(host, "storage:unmount", APP, f"{path}:/data") == 0
    assert options(host) == [] and Path(path, "kept").read_text() == "x"
    assert run(host, "storage:unmount", APP, f"{path}:/data") == 1
    assert " !     Mount path does not exist.\n" in capsys.readouterr().err


def test_a_mount_is_listed_and_reported_as_dokku_prints_it(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    path = made(host, "blog")
    run(host, "storage:mount", APP, f"{path}:/data:ro")
    capsys.readouterr()
    run(host, "storage:list", APP)
    assert capsys.readouterr().out == f"-----> blog volume bind-mounts:\n       {path}:/data:ro\n"
    run(host, "--quiet", "storage:list", APP)
    assert capsys.readouterr().out == f"       {path}:/data:ro\n"
    run(host, "storage:list", APP, "--format", "json")
    assert f'"host_path": "{path}", "container_path": "/data", "volume_options": "ro"' in capsys.readouterr().out
    run(host, "storage:report", APP, "--storage-run-mounts")
    assert capsys.readouterr().out == f"-v {path}:/data:ro\n"
    run(host, "storage:report", APP)
    shown = capsys.readouterr().out
    assert "       Storage build mounts:\n" in shown and f"       Storage attachment 1 host path: {path}\n" in shown


def test_a_missing_directory_is_not_mounted_and_stops_a_deploy(host: Host) -> None:
    path = os.path.join(storage_root(host), "blog")
    assert run(host, "storage:mount", APP, f"{path}:/data") == 1
    os.mkdir(path)
    assert run(host, "storage:mount", APP, f"{path}:/data") == 0
    os.rmdir(path)
    with pytest.raises(HostError, match="does not mount an empty directory"):
        deploy(host, APP, TREE)
    assert not os.path.exists(path)
    (cause,) = diagnose(host, Evidence(str(APP), "stopped"))
    assert path in cause.title and f"backups:restore app:{APP}" in cause.fix[0]
    assert f"backups:restore app:{APP}" in findings(host)[0].remedy
    assert list(diagnose(host, Evidence(str(APP), "serve"))) == []


def test_another_empty_directory_in_its_place_stops_a_deploy_and_a_filled_one_does_not(host: Host) -> None:
    path = made(host, "blog")
    run(host, "storage:mount", APP, f"{path}:/data")
    deploy(host, APP, TREE)  # its own directory, which is empty
    os.rename(path, path + "-away")
    os.mkdir(path)
    with pytest.raises(HostError, match="not the same directory as before, and is empty"):
        deploy(host, APP, TREE)
    Path(path, "restored").touch()
    deploy(host, APP, TREE)


def test_a_link_in_the_storage_root_is_refused_even_if_it_is_created_later(host: Host, tmp_path: Path) -> None:
    path = made(host, "blog/inner")
    os.symlink("/etc", os.path.join(storage_root(host), "evil"))
    assert run(host, "storage:mount", APP, f"{storage_root(host)}/evil:/data") == 1
    assert run(host, "storage:mount", APP, f"{path}:/data") == 0
    os.rmdir(path)
    os.symlink("/etc", path)
    assert run(host, "ps:rebuild", APP) == 1
    from dokkupy_sdk.errors import UserError

    with pytest.raises(UserError, match="symbolic link"):
        require_real(host, path)


def test_a_directory_and_one_in_it_are_not_both_mounted_unless_the_outer_is_read_only(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = made(host, "blog/inner")
    outer = os.path.dirname(inner)
    assert run(host, "storage:mount", APP, f"{outer}:/data") == 0
    assert run(host, "storage:mount", OTHER, f"{inner}:/data") == 1
    assert f"{APP} mounts {outer}: whoever can write to the outer directory" in capsys.readouterr().err
    deploy(host, APP, TREE)
    run(host, "storage:unmount", APP, f"{outer}:/data")
    assert run(host, "storage:mount", OTHER, f"{inner}:/data") == 1, "its containers still have it"
    deploy(host, APP, TREE)
    assert run(host, "storage:mount", OTHER, f"{inner}:/data") == 0
    assert run(host, "storage:mount", APP, f"{outer}:/data") == 1
    assert run(host, "storage:mount", APP, f"{outer}:/data:ro") == 0


@pytest.mark.parametrize(
    "source", ["/etc", "/var/run/docker.sock", "pg-volume", "{root}/zebra", "{root}/nobody", "{root}/blog/in"]
)
def test_a_deployer_may_mount_only_what_the_app_already_has(
    host: Host, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("blog/in", "zebra", "nobody"):
        made(host, name)
    run(host, "storage:mount", APP, f"{storage_root(host)}/blog:/data")
    run(host, "storage:mount", OTHER, f"{storage_root(host)}/zebra:/data")
    key(host, APP)
    capsys.readouterr()
    given = f"{source.format(root=storage_root(host))}:/x"
    assert run(host, "storage:mount", APP, given, who="key:ann") == 1
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.startswith(" !     Access denied\n")
    assert len(mounts_of(host, APP)) == 1


def test_a_deployer_may_mount_an_apps_directory_again_but_not_after_a_rename(host: Host) -> None:
    path = made(host, "blog")
    run(host, "storage:mount", APP, f"{path}:/data")
    key(host, APP)
    assert run(host, "storage:mount", APP, f"{path}:/other", who="key:ann") == 0
    assert run(host, "apps:rename", APP, "news") == 0
    create_app(host, APP)
    assert run(host, "storage:mount", APP, f"{path}:/data", who="key:ann") == 1
    assert [one.target for one in mounts_of(host, AppName("news"))] == ["/data", "/other"]


def test_a_clone_shares_the_mounts_and_says_so(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    path = made(host, "blog")
    run(host, "storage:mount", APP, f"{path}:/data")
    assert run(host, "apps:clone", "--skip-deploy", APP, "copy") == 0
    assert f"copy shares {path} with blog" in host.out.text() + capsys.readouterr().err  # type: ignore[attr-defined]
    assert options(host, app=AppName("copy")) == options(host)


def test_a_destroyed_apps_data_stays_and_a_later_app_of_the_name_does_not_get_it(host: Host) -> None:
    path = made(host, "blog")
    Path(path, "kept").touch()
    run(host, "storage:mount", APP, f"{path}:/data")
    assert run(host, "--force", "apps:destroy", APP) == 0
    create_app(host, APP)
    assert Path(path, "kept").exists() and mounts_of(host, APP) == ()


def test_ensure_directory_creates_it_and_prints_dokkus_lines(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    path = os.path.join(storage_root(host), "blog")
    for _ in range(2):
        assert run(host, "storage:ensure-directory", "blog", "--chown", "false") == 0
    assert os.stat(path).st_mode & 0o777 == 0o755
    assert run(host, "storage:ensure-directory", "../etc") == 1
    assert "Directory can only contain the following set of characters" in capsys.readouterr().err
    assert run(host, "storage:ensure-directory", "blog", "--chown", "me") == 1
    assert OWNERS == {"herokuish": 32767, "heroku": 1000, "paketo": 2000, "root": 0} and owner_of("77") == 77


@pytest.mark.parametrize("words", [("storage:mount", APP, "{path}:/x"), ("storage:unmount", APP, "{path}:/data")])
def test_a_dry_run_changes_nothing(host: Host, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    path = made(host, "blog")
    run(host, "storage:mount", APP, f"{path}:/data")
    before = mounts_of(host, APP)
    assert run(host, *(word.format(path=path) for word in words), "--dry-run") == 0
    assert mounts_of(host, APP) == before


@pytest.mark.parametrize("given", ["/a:/b", "/a/:/b/:ro", "vol:/b:nocopy,ro"])
def test_a_mount_has_one_spelling(given: str) -> None:
    assert Mountable(Mountable(given)) == given.replace("/:", ":")
