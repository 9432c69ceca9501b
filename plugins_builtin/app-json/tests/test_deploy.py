"""app.json at the moments of a deploy."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from dokkupy_app_json import hooks
from dokkupy_app_json.reader import parse_app_json
from dokkupy_apps.desired.config import get_env, set_env
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Build, Deployment, Release, Source
from dokkupy_sdk.names import AppName, EnvKey, Secret
from dokkupy_sdk.operation import operation
from dokkupy_sdk.testing import RecordingConsole

APP = AppName("blog")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(str(tmp_path / "root"))
    host.store.write("apps", APP, "app", data={"created_at": "now"})
    return host


def source(tmp_path: Path, text: str, name: str = "app.json") -> Source:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    return Source(APP, tmp_path, "git-hook")


def build(host: Host, tree: Source) -> dict[str, str]:
    with operation(host, "deploy", f"app:{APP}") as tx:
        hooks.post_source_receive(host, tree)
        hooks.post_build(host, Build("1", tree, "dockerfile"), tx)
    return {str(key): value.reveal() for key, value in get_env(host, APP).items()}


def release(text: str) -> Release:
    return Release(app=APP, number=1, image="sha256:0", created_at="", source="git-hook", files={"app.json": text})


def test_a_generated_secret_stays_the_same_from_deploy_to_deploy(host: Host, tmp_path: Path) -> None:
    tree = source(tmp_path, '{"env": {"KEY": {"generator": "secret"}, "MODE": "production"}}')
    first = build(host, tree)
    assert len(first["KEY"]) == 64 and int(first["KEY"], 16)
    assert first["MODE"] == "production"
    assert build(host, tree) == first
    host.store.write("apps", APP, "deployment", data={"release": 1, "id": "1"})
    assert build(host, tree) == first


def test_what_the_user_set_or_unset_stays_so(host: Host, tmp_path: Path) -> None:
    tree = source(tmp_path, '{"env": {"MODE": "production", "OTHER": "x"}}')
    with operation(host, "config:set", f"app:{APP}") as tx:
        set_env(tx, APP, {EnvKey("MODE"): Secret("mine")})
    assert build(host, tree) == {"MODE": "mine", "OTHER": "x"}
    host.store.write("apps", APP, "deployment", data={"release": 1, "id": "1"})
    with operation(host, "config:unset", f"app:{APP}") as tx:
        set_env(tx, APP, {EnvKey("OTHER"): None})
    assert build(host, tree) == {"MODE": "mine"}


def test_a_synced_variable_follows_the_file(host: Host, tmp_path: Path) -> None:
    build(host, source(tmp_path, '{"env": {"MODE": {"value": "1", "sync": true}}}'))
    host.store.write("apps", APP, "deployment", data={"release": 1, "id": "1"})
    assert build(host, source(tmp_path, '{"env": {"MODE": {"value": "2", "sync": true}}}')) == {"MODE": "2"}


def test_a_required_variable_that_is_missing_ends_the_deploy_before_the_build(host: Host, tmp_path: Path) -> None:
    tree = source(tmp_path, '{"env": {"TOKEN": {"description": "from the shop"}, "B": "x", "C": {"required": false}}}')
    with pytest.raises(AppError) as caught:
        hooks.post_source_receive(host, tree)
    assert "TOKEN (from the shop)" in caught.value.message
    assert "config:set" in caught.value.hint
    assert get_env(host, APP) == {}
    host.store.write("global", "config", data={"env": {"TOKEN": "t"}})
    assert build(host, tree) == {"B": "x"}


def test_a_failed_deploy_takes_the_environment_back(host: Host, tmp_path: Path) -> None:
    tree = source(tmp_path, '{"env": {"MODE": "production"}}')
    with pytest.raises(AppError), operation(host, "deploy", f"app:{APP}") as tx:
        hooks.post_build(host, Build("1", tree, "dockerfile"), tx)
        raise AppError("later")
    assert get_env(host, APP) == {}


def test_a_link_instead_of_the_file_is_refused(host: Host, tmp_path: Path) -> None:
    (tmp_path / "app.json").symlink_to("/etc/passwd")
    with pytest.raises(AppError, match="symbolic link"):
        hooks.post_source_receive(host, Source(APP, tmp_path, "git-hook"))


def test_the_path_is_a_property(host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["app-json:set", "blog", "appjson-path", "deploy/app.json"], host=host) == 0
    assert list(hooks.release_files(host, APP)) == ["deploy/app.json"]
    assert build(host, source(tmp_path, '{"env": {"A": "b"}}', "deploy/app.json")) == {"A": "b"}
    capsys.readouterr()
    assert main(["app-json:report", "blog", "--app-json-computed-appjson-path"], host=host) == 0
    assert capsys.readouterr().out == "deploy/app.json\n"
    assert main(["app-json:set", "blog", "appjson-path", "../../etc/passwd"], host=host) == 1


def test_formation_and_predeploy_come_from_the_file(host: Host) -> None:
    text = '{"formation": {"web": {"quantity": 2}, "w": {}}, "scripts": {"dokku": {"predeploy": "m x"}}}'
    assert list(hooks.release_formation(host, APP, {"app.json": text}, {})) == [("web", 2)]
    assert list(hooks.release_tasks(host, release(text))) == [("Executing predeploy task from app.json: m x", "m x")]
    assert list(hooks.release_tasks(host, release("{}"))) == []


SCRIPTS = '{"scripts": {"postdeploy": "once", "dokku": {"postdeploy": "always"}}}'


class Runs(list[str]):
    """Stands in for one-off containers."""

    failing = ""

    def run_task(self, host: Host, release: Release, title: str, command: str) -> None:
        self.append(command)
        if command == self.failing:
            raise AppError("it failed")


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    runs = Runs()
    monkeypatch.setattr("dokkupy_apps.rollout.tasks.run_task", runs.run_task)
    return runs


def finish(host: Host, kind: str = "deploy") -> None:
    with operation(host, kind, f"app:{APP}") as tx:
        hooks.post_deploy(host, Deployment("1", APP, kind, release(SCRIPTS)), tx)


def test_the_once_script_runs_once_and_the_other_each_time_but_for_scalings(host: Host, runs: Runs) -> None:
    finish(host)
    finish(host)
    finish(host, "scale")
    finish(host, "ports")
    finish(host, "restore")
    assert runs == ["once", "always", "always"]


def test_a_failing_script_fails_the_deploy_and_the_once_script_runs_again(host: Host, runs: Runs) -> None:
    runs.failing = "always"
    with pytest.raises(AppError):
        finish(host)
    runs.failing = ""
    finish(host)
    assert runs == ["once", "always", "once", "always"]


def test_a_clone_runs_its_own_once_script_and_a_renamed_app_does_not(host: Host, runs: Runs) -> None:
    finish(host)
    copy = AppName("copy")
    host.store.write("apps", copy, "app-json", data=host.store.read("apps", APP, "app-json"))
    with operation(host, "apps:clone", "app:copy") as tx:
        hooks.post_app_clone(host, copy, tx)
    assert not host.store.load(hooks.AppJsonFile, copy).postdeploy_ran
    with operation(host, "apps:rename", "app:copy") as tx:
        hooks.post_app_rename(host, APP, copy, tx)
    assert host.store.load(hooks.AppJsonFile, copy).postdeploy_ran


def test_plain_json_costs_no_further_library() -> None:
    import subprocess

    code = (
        "import sys; from dokkupy_app_json.reader import parse_app_json as p; p('{}'); assert 'pyjson5' not in sys.modules;"
        "p('{}//'); assert 'pyjson5' in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert parse_app_json("{} // comment").env == ()


@pytest.mark.parametrize(
    ("key", "use"),
    [
        ("DOKKU_SCALE", "use ps:scale blog TYPE=COUNT"),
        ("NO_VHOST", "use domains:disable blog"),
        ("DOKKU_NOVEL", "no command replaces it"),
    ],
)
def test_a_variable_that_was_dokku_s_is_named_with_what_replaces_it(tmp_path: Path, key: str, use: str) -> None:
    host = Host(str(tmp_path / "root"), out=RecordingConsole())
    host.store.write("apps", APP, "app", data={"created_at": "now"})
    hooks.post_source_receive(host, source(tmp_path, f'{{"env": {{"{key}": "1", "DOKKU_POSTGRES_AQUA_URL": "x"}}}}'))
    assert isinstance(host.out, RecordingConsole)
    (line,) = [text for kind, text in host.out.lines if kind == "warn"]
    assert line.startswith(f"app.json: env.{key} has no effect on the platform") and use in line
