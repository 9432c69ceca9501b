"""Whatever has no effect causes a warning on standard error."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy.host import Host
from dokkupy.kernel.discovery import EntryPoint
from dokkupy.kernel.registry import Registry
from dokkupy_apps.testing import deploy
from dokkupy_sdk.legacy_env import legacy_lines
from dokkupy_sdk.roles import Proxy
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.fakes import FakeProxy
from dokkupy_sdk.tree import almost

from plugins_builtin.commands.tests.conftest import Run


def warnings(err: str) -> list[str]:
    return [line.removeprefix(" !     ") for line in err.splitlines()]


@pytest.fixture
def app(run: Run) -> str:
    assert run("apps:create", "blog")[0] == 0
    return "blog"


def test_an_option_without_effect_is_a_warning_and_the_command_runs(run: Run) -> None:
    status, _, err = run("plugin:install", "--core", "--name", "x")
    assert status == 0
    assert warnings(err)[0] == "--name has no effect: a plugin's name is that of its distribution"


def test_an_unused_option_causes_no_warning(run: Run) -> None:
    assert "no effect" not in run("plugin:install", "--core")[2]


def test_option_that_a_plugin_implements_causes_no_warning(run: Run, host: Host) -> None:
    entries = [*host.registry.entries, EntryPoint("dokkupy.handles", "plugin.install.name", "x", "dokkupy-x", "1", "")]
    host._parts["registry"] = Registry(entries)
    assert "no effect" not in run("plugin:install", "--core", "--name", "x")[2]


@pytest.mark.parametrize(
    ("row", "status"), [("tcp:53:53", 1), ("udp:53:53", 1), ("http:80:3000", 0), ("grpc:50051:50051", 0)]
)
@pytest.mark.parametrize("verb", ["add", "set"])
def test_a_port_that_nothing_serves_is_refused(
    run: Run, app: str, verb: str, row: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeProxy, "schemes", Proxy.schemes)
    done = run(f"ports:{verb}", app, row)
    assert done[0] == status
    assert ("does not serve" in done[2]) == bool(status)


LEGACY = {
    "DOKKU_APP_RESTORE": "ps:set blog restore",
    "DOKKU_PROXY_PORT_MAP": "ports:set blog",
    "DOKKU_PROXY_TYPE": "proxy:set blog type",
    "DOKKU_SKIP_DEPLOY": "ps:set blog skip-deploy true",
    "DOKKU_DOCKERFILE_PORTS": "ports:set blog",
    "NO_VHOST": "domains:disable blog",
    "DOKKU_SCALE": "ps:scale blog",
    "DOKKU_PROXY_SSL_PORT": "proxy-ssl-port",
    "DOKKU_SOMETHING_NEW": "no command replaces it",
    "DOKKU_RM_CONTAINER": "one-off containers are removed",
}


@pytest.mark.parametrize(("key", "use"), LEGACY.items())
def test_a_variable_that_configured_dokku_is_named_with_the_command_that_replaces_it(
    run: Run, app: str, key: str, use: str
) -> None:
    for words, stdin in (
        (("config:set", app, f"{key}=1"), ""),
        (("config:import", "--format", "json", app), f'{{"{key}": "1"}}'),
    ):
        status, _, err = run(*words, stdin=stdin)
        assert status == 0
        assert len(warnings(err)) == 1, err
        assert warnings(err)[0].startswith(f"{key} has no effect on the platform") and use in err


def test_a_plugin_names_the_variables_of_its_namespace(run: Run, app: str, host: Host) -> None:
    host._parts["registry"] = Registry(
        [*host.registry.entries, EntryPoint("dokkupy.legacy_env", "x", f"{__name__}:OWN", "dokkupy-x", "1", "")]
    )
    assert legacy_lines(host, None, ["DOKKU_X_SIZE"]) == [
        "DOKKU_X_SIZE has no effect on the platform; use x:set --global size"
    ]


OWN = {"DOKKU_X_.*": "x:set APP size"}


@pytest.mark.parametrize("key", ["DATABASE_URL", "DOKKU_POSTGRES_AQUA_URL", "PORT", "MY_DOKKU_VALUE", "BUILDPACK_URL"])
def test_other_variables_are_set_without_a_warning(run: Run, app: str, key: str) -> None:
    assert run("config:set", app, f"{key}=x")[2] == ""
    assert run("config:unset", app, "DOKKU_SCALE")[2] == ""


def test_options_of_plugin_installation_say_what_they_do(run: Run) -> None:
    status, out, _ = run("plugin:install", "--core")
    assert (status, out) == (0, "-----> The core plugins were installed with the host\n")


@pytest.mark.parametrize(
    ("there", "meant", "found"),
    [
        ("procfile", "Procfile", "procfile"),
        ("Procfile.txt", "Procfile", "Procfile.txt"),
        ("App.json", "app.json", "App.json"),
        ("app.jsonc", "app.json", "app.jsonc"),
        ("deploy/Procfile", "Procfile", ""),
        ("Profile", "Procfile", ""),
        ("sub/procfile", "sub/Procfile", "sub/procfile"),
    ],
)
def test_misspelled_file_name_is_found(tmp_path: Path, there: str, meant: str, found: str) -> None:
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_text("web: serve\n")
    assert almost(tmp_path, meant) == found
    (tmp_path / meant).parent.mkdir(exist_ok=True)
    (tmp_path / meant).write_text("web: serve\n")
    assert almost(tmp_path, meant) == ""


def test_deploy_warns_of_a_misspelled_procfile(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    deploy(host, "blog", {"procfile": "web: serve\n"})
    assert ("warn", "procfile has no effect: the Procfile is read from Procfile") in host.out.lines  # type: ignore[attr-defined]


def test_old_releases_stay_while_skip_cleanup_is_set(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    from dokkupy.cli.main import main

    deploy(host, "blog", {"Procfile": "web: serve\n"})
    assert main(["releases:set", "blog", "retention", "1"], host=host) == 0
    assert main(["builder:set", "blog", "skip-cleanup", "true"], host=host) == 0
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    assert len(host.store.names("apps", "blog", "releases")) == 2
    assert main(["builder:set", "blog", "skip-cleanup"], host=host) == 0
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    assert len(host.store.names("apps", "blog", "releases")) == 1
