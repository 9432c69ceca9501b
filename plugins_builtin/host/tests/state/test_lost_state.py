"""A missing or broken state file: doctor, recover and the timer report it, other apps keep running, doctor --fix
restores it."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_apps.desired.config import get_env, set_env
from dokkupy_apps.testing import deploy
from dokkupy_host.state.check import look
from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.entry import main
from dokkupy_sdk.names import AppName, EnvKey, Secret
from dokkupy_sdk.operation import operation
from dokkupy_sdk.testing import fake_host

BLOG, SHOP = AppName("blog"), AppName("shop")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = fake_host(tmp_path / "root", plugins=("host", "commands", "docker"))
    for app in (BLOG, SHOP):
        deploy(made, app, {"Procfile": "web: serve\n", "Dockerfile": "FROM scratch\n"})
        for value in ("old", "new"):
            with operation(made, "config:set", f"app:{app}") as tx:
                set_env(tx, app, {EnvKey("KEY"): Secret(value)})
                tx.commit()
    return made


def empty(path: Path) -> None:
    path.write_text("")


def garbage(path: Path) -> None:
    path.write_text("x = [")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:14])


def without_schema(path: Path) -> None:
    path.write_text(path.read_text().replace("schema = 1\n", ""))


HARMS = {"empty": empty, "missing": Path.unlink, "garbage": garbage, "truncated": cut, "no schema": without_schema}


def config_of(host: Host) -> Path:
    return Path(host.store.path("apps", BLOG, "config"))


def run(host: Host, capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capfd.readouterr()
    status = main(list(words), host=host)
    out, err = capfd.readouterr()
    return status, out + err


@pytest.mark.parametrize("harm", HARMS)
def test_a_broken_configuration_is_never_treated_as_empty(
    host: Host, harm: str, capfd: pytest.CaptureFixture[str]
) -> None:
    HARMS[harm](config_of(host))
    for words in (["config:show", "blog"], ["ps:restart", "blog"]):
        status, text = run(host, capfd, *words)
        assert status == 1 and str(config_of(host)) in text and "cp -p" in text, (words, text)
        assert "internal error" not in text


@pytest.mark.parametrize("harm", HARMS)
def test_doctor_recover_and_the_timer_name_the_file_and_continue(
    host: Host, harm: str, capfd: pytest.CaptureFixture[str]
) -> None:
    HARMS[harm](config_of(host))
    for words, expected in ((["doctor"], 1), (["recover"], 1), (["tick"], 0)):
        status, text = run(host, capfd, *words)
        assert status == expected and str(config_of(host)) in text and "cp -p" in text, (words, text)
    assert run(host, capfd, "ps:restart", "shop")[0] == 0
    assert "shop" in run(host, capfd, "apps:list")[1]


@pytest.mark.parametrize("harm", HARMS)
def test_doctor_fix_restores_the_previous_generation(host: Host, harm: str, capfd: pytest.CaptureFixture[str]) -> None:
    HARMS[harm](config_of(host))
    status, text = run(host, capfd, "doctor", "--fix")
    assert f"Restored the previous generation of {config_of(host)}: its last change is lost" in text
    assert get_env(host, BLOG) == {"KEY": Secret("old")}
    assert Path(f"{config_of(host)}.broken").exists() == (harm != "missing")
    assert "state: " not in [line for line in text.splitlines() if line.startswith("ERROR")]


def test_doctor_fix_does_what_recover_does(host: Host, capfd: pytest.CaptureFixture[str]) -> None:
    """Packet filter, services and routes are restored by one mechanism, whoever calls it."""
    asked: list[str] = []

    class Plugin:
        @hookimpl
        def on_recover(self, host: Host) -> None:
            asked.append(host.command)

    host.hooks.manager.register(Plugin(), name="fake")
    run(host, capfd, "doctor")
    assert asked == []
    run(host, capfd, "doctor", "--fix")
    assert len(asked) == 1


def test_doctor_fix_restores_no_empty_configuration(host: Host, capfd: pytest.CaptureFixture[str]) -> None:
    path = config_of(host)
    path.write_text("")
    Path(f"{path}.previous").write_text("schema = 1\n")
    status, text = run(host, capfd, "doctor", "--fix")
    assert status == 1 and "Restored" not in text and path.read_text() == ""
    assert "restore the file from a backup of the host" in text


def test_creating_an_app_over_the_remains_of_one_is_refused(host: Host, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("app.toml", "app.toml.previous"):
        (config_of(host).parent / name).unlink(missing_ok=True)
    status, text = run(host, capfd, "apps:create", "blog")
    assert status == 1 and "apps:destroy --force blog" in text
    for words in (["doctor"], ["recover"]):
        status, text = run(host, capfd, *words)
        assert status == 1 and "app.toml is missing" in text


def test_an_app_whose_deployment_record_is_lost_keeps_running(host: Host, capfd: pytest.CaptureFixture[str]) -> None:
    running = [one.name for one in host.containers().find_all({"dokkupy.app": "blog"})]
    assert running
    for name in ("deployment.toml", "deployment.toml.previous"):
        (config_of(host).parent / name).unlink()
    for words in (["doctor"], ["recover"]):
        status, text = run(host, capfd, *words)
        assert status == 1 and "deployment.toml is missing, although the app blog has releases" in text
    assert [one.name for one in host.containers().find_all({"dokkupy.app": "blog"})] == running


def test_an_app_without_a_route_is_reported_and_gets_one_again(host: Host, capfd: pytest.CaptureFixture[str]) -> None:
    host.proxy(BLOG).apply([], remove=[BLOG])
    status, text = run(host, capfd, "doctor")
    assert status == 1 and "blog is deployed, and the proxy" in text and "proxy:build-config blog" in text
    look(host)
    assert BLOG in host.proxy(BLOG).apps()
    assert "blog is deployed, and the proxy" not in run(host, capfd, "doctor")[1]
