"""A key's permission on a service follows from the apps that the service is linked to."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName

from plugins_builtin.services.tests.conftest import Ran

READS = [("info", "db"), ("logs", "db"), ("links", "db"), ("exists", "db"), ("linked", "db", "blog")]


@pytest.fixture
def linked(host: Host, run: Callable[..., Ran]) -> None:
    """Services with links: db to blog, shared to blog and shop, foreign to shop, and loose to no app."""
    create_app(host, AppName("shop"))
    for service, apps in {"db": ["blog"], "shared": ["blog", "shop"], "foreign": ["shop"], "loose": []}.items():
        assert run("fake:create", service)[0] == 0
        for app in apps:
            assert run("fake:link", service, app, "--no-restart")[0] == 0
    keys = {
        "dev": {"role": "deployer", "apps": ["blog"]},
        "both": {"role": "deployer", "apps": ["blog", "shop"]},
        "eve": {"role": "viewer", "apps": ["blog"]},
    }
    host.store.write("global", "ssh-keys", data={"keys": keys})


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize(
    ("key", "services"), [("dev", "db\n"), ("eve", "db\n"), ("both", "db\nforeign\nshared\n"), ("gone", "")]
)
def test_lists_contain_only_services_whose_linked_apps_all_belong_to_the_key(
    host: Host, run: Callable[..., Ran], key: str, services: str
) -> None:
    assert run("--quiet", "fake:list", who=f"key:{key}")[1] == services
    shown = run("--quiet", "services:list", who=f"key:{key}")[1]
    assert [line.split()[0].removeprefix("fake:") for line in shown.splitlines()] == services.split()


@pytest.mark.usefixtures("linked")
def test_who_may_not_create_a_service_is_offered_no_command_for_that(
    host: Host, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    create_app(host, AppName("alone"))
    host.store.write("global", "ssh-keys", data={"keys": {"new": {"role": "deployer", "apps": ["alone"]}}})
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    shown = run("services:list", who="key:new")[1]
    assert "an admin of the host creates and links services" in shown and "create NAME" not in shown


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize("words", READS, ids=lambda words: words[0])
def test_a_viewer_reads_the_services_of_its_apps(host: Host, run: Callable[..., Ran], words: tuple[str, ...]) -> None:
    verb, _, *rest = words
    assert "Access denied" not in run(f"fake:{verb}", "db", *rest, who="key:eve")[2]
    for other in ("shared", "foreign", "loose", "missing"):
        status, out, error = run(f"fake:{verb}", other, *rest, who="key:eve")
        assert (status, out) == (1, "")
        assert f"There is no service {other} that the key eve may use; its apps: blog" in error


@pytest.mark.usefixtures("linked")
def test_a_viewer_gets_no_password(host: Host, run: Callable[..., Ran]) -> None:
    assert "lacks the permission service:connect" in run("fake:info", "db", "--dsn", who="key:eve")[2]
    assert "***" in run("fake:info", "db", who="key:eve")[1]
    for verb in ("connect", "export", "import"):
        assert "Access denied" in run(f"fake:{verb}", "db", who="key:eve")[2]
    assert run("fake:info", "db", "--dsn", who="key:dev")[1].startswith("fake://db:")


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize("verb", ["connect", "export", "import", "revert"])
def test_a_deployer_reaches_the_data_of_its_own_services(host: Host, run: Callable[..., Ran], verb: str) -> None:
    assert "Access denied" not in run(f"fake:{verb}", "db", who="key:dev")[2]
    for other in ("shared", "foreign", "loose"):
        assert "Access denied" in run(f"fake:{verb}", other, who="key:dev")[2]


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize("verb", ["destroy", "stop", "restart", "expose", "enter", "upgrade", "set", "unexpose"])
def test_only_admins_may_change_a_service_itself(host: Host, run: Callable[..., Ran], verb: str) -> None:
    assert "lacks the permission host:write" in run(f"fake:{verb}", "db", who="key:both")[2]
    assert "lacks the permission host:write" in run("fake:link", "foreign", "blog", who="key:both")[2]


@pytest.mark.usefixtures("linked")
def test_a_deployer_imports_no_file_of_the_host(run: Callable[..., Ran]) -> None:
    assert "lacks the permission host:write" in run("fake:import", "db", "--file", "/etc/passwd", who="key:dev")[2]


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize("verb", ["upgrade", "revert"])
def test_value_of_restart_apps_that_is_not_a_boolean_is_refused(run: Callable[..., Ran], verb: str) -> None:
    status, _, err = run(f"fake:{verb}", "db", "--restart-apps", "perhaps")
    assert status != 0 and "'perhaps' is not a boolean: use true or false" in err
