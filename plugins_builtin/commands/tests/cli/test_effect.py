"""A setting takes effect at once, or the command says when and reports show it as pending."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from dokkupy.host import Host
from dokkupy.kernel import locks
from dokkupy_apps.processes.redeploy import redeploy
from dokkupy_apps.releases.records import require_deployed
from dokkupy_apps.releases.serving import release_key
from dokkupy_apps.testing import deploy
from dokkupy_commands.cli import pending as pending_settings
from dokkupy_host.timer.maintenance import run_due
from dokkupy_sdk.names import AppName
from dokkupy_sdk.settings import AT_ONCE, BUILD, RESTART, ROUTE, Property, Settings

from plugins_builtin.commands.tests.conftest import Run

NOW_RESTART = "       takes effect with the next deploy; to apply it now: ps:restart blog\n"
NOW_REBUILD = "       takes effect with the next deploy; to apply it now: ps:rebuild blog\n"
TREE = {"Procfile": "web: serve\n", "deploy/Procfile": "web: other\n"}


def ports(host: Host, app: str = "blog") -> Sequence[int]:
    return [port.host for port in host.proxy().routes[app].ports]  # type: ignore[attr-defined]


def report(run: Run, namespace: str) -> dict[str, str]:
    return json.loads(run(f"{namespace}:report", "blog", "--format", "json")[1])  # type: ignore[no-any-return]


def pending(run: Run, namespace: str) -> dict[str, str]:
    short = (key.removeprefix(f"{namespace}-") for key in report(run, namespace))
    return {key: report(run, namespace)[key] for key in short if key.startswith("pending-")}


def test_property_of_the_proxy_is_applied_before_the_command_ends(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    status, out, _ = run("proxy:set", "blog", "proxy-port", "8080")
    assert (status, out) == (0, "=====> Setting proxy-port to 8080\n")
    assert ports(host) == [8080]
    assert run("proxy:set", "blog", "proxy-port")[0] == 0
    assert ports(host) != [8080]


def test_global_property_is_applied_for_all_apps_in_one_reload(run: Run, host: Host) -> None:
    for name in ("blog", "shop", "wiki"):
        deploy(host, name, TREE)
    before = host.proxy().reloads  # type: ignore[attr-defined]
    assert run("proxy:set", "--global", "proxy-port", "8080")[0] == 0
    assert [ports(host, name) for name in ("blog", "shop", "wiki")] == [[8080]] * 3
    assert host.proxy().reloads == before + 1  # type: ignore[attr-defined]


def test_app_that_another_command_changes_is_skipped_with_a_warning(run: Run, host: Host) -> None:
    for name in ("blog", "shop"):
        deploy(host, name, TREE)
    held = locks.take(host.root, "app:blog", owner={"command": "deploy", "pid": 1, "since": 0, "who": ""}, wait=0)
    try:
        status, _, err = run("proxy:set", "--global", "proxy-port", "8080")
    finally:
        held.release()
    assert status == 0
    assert "blog is being changed" in err and "proxy:build-config blog" in err
    assert (ports(host, "shop"), ports(host) == [8080]) == ([8080], False)


def test_an_unset_property_stays_unset_although_the_proxy_refuses_the_rest(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    run("proxy:set", "blog", "proxy-port", "8080")
    host.proxy().refuses.add("blog")  # type: ignore[attr-defined]
    status, _, err = run("proxy:set", "blog", "proxy-port")
    assert status == 0 and "the proxy keeps its previous configuration" in err
    assert host.store.read("apps", "blog", "proxy")["properties"] == {}


def test_a_setting_of_instances_is_pending_until_a_restart(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    assert pending(run, "ps") == {}
    assert (
        run("ps:set", "blog", "restart-policy", "always")[1]
        == "=====> Setting restart-policy to always\n" + NOW_RESTART
    )
    assert report(run, "ps")["pending-restart-policy"] == "on-failure:10 -> always"
    assert "Ps pending restart policy:" in run("ps:report", "blog")[1]
    assert run("ps:report", "blog", "--ps-pending-restart-policy")[1] == "on-failure:10 -> always\n"
    assert run("ps:restart", "blog")[0] == 0
    assert "pending" not in run("ps:report", "blog")[1]
    assert run("ps:set", "blog", "restart-policy", "always")[1] == "=====> Setting restart-policy to always\n"


def test_a_setting_of_builds_is_pending_until_a_build_and_a_restart_keeps_what_was_built(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    assert NOW_REBUILD in run("ps:set", "blog", "procfile-path", "deploy/Procfile")[1]
    run("ps:restart", "blog")
    assert report(run, "ps")["pending-procfile-path"] == "Procfile -> deploy/Procfile"
    deploy(host, "blog", TREE)
    assert "pending" not in run("ps:report", "blog")[1]


def test_variables_that_take_effect_with_a_restart_are_pending(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    assert run("config:set", "--no-restart", "blog", "KEY=x")[1].endswith(NOW_RESTART)
    assert "takes effect" not in run("config:set", "blog", "KEY=y")[1]
    assert run("config:set", "--global", "KEY=x")[1].endswith("now: ps:restart --all\n")
    assert run("ps:scale", "--skip-deploy", "blog", "web=2")[1].endswith(NOW_RESTART)


@pytest.mark.parametrize(
    "words",
    [
        ("ps:set", "blog", "restart-policy", "always"),
        ("ps:set", "--global", "restart-policy", "always"),
        ("builder:set", "blog", "build-dir", "x"),
        ("config:set", "--no-restart", "blog", "A=b"),
        ("config:set", "--global", "A=b"),
    ],
)
def test_without_a_deployed_app_nothing_is_printed(run: Run, words: tuple[str, ...]) -> None:
    run("apps:create", "blog")
    assert "takes effect" not in run(*words)[1]


def test_quiet_does_not_print_when_a_setting_takes_effect(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    assert run("--quiet", "ps:set", "blog", "restart-policy", "always")[1] == ""


def test_a_property_applies_with_its_release_or_as_its_namespace_says() -> None:
    inside, own = Property("a", help="x", in_release=True), Property("b", help="x", applies=BUILD)
    plain, secret = Property("c", help="x"), Property("d", help="x", secret=True, applies=BUILD)
    Settings("tool", inside, own, plain, secret, applies=ROUTE)
    assert [one.applies for one in (inside, own, plain)] == [RESTART, BUILD, ROUTE]
    assert [one.is_kept for one in (inside, own, plain, secret)] == [True, True, False, False]
    free = Property("e", help="x")
    Settings("tool", free)
    assert free.applies is AT_ONCE


def test_a_restart_after_an_update_tells_reports_that_nothing_is_pending(host: Host) -> None:
    """An update may change which settings a release keeps. Reports therefore call all plugins, until a release is known
    to have them all."""
    app = AppName("blog")
    deploy(host, "blog", TREE)
    serving = require_deployed(host, app)
    host.store.save(replace(serving, mark="another"), app, release_key(serving.number))
    redeploy(host, app, kind="restart")
    assert require_deployed(host, app) == serving


def test_the_report_of_processes_lists_what_is_pending(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    assert (report(run, "ps")["pending"], run("ps:report", "blog", "--ps-pending")[1]) == ("", "\n")
    assert "Ps pending:" not in run("ps:report", "blog")[1]
    run("ps:set", "blog", "restart-policy", "always")
    run("ps:set", "--global", "stop-timeout-seconds", "7")
    run("builder:set", "blog", "build-dir", "deploy")
    line = "       Ps pending:                    builder build-dir, ps restart-policy, ps stop-timeout-seconds\n"
    assert line in run("ps:report", "blog")[1]
    assert report(run, "ps")["pending"] == report(run, "ps")["ps-pending"] == line.partition(":")[2].strip()
    run("ps:restart", "blog")
    assert (
        run("ps:report", "blog", "--ps-pending")[1] == "builder build-dir\n"
    )  # a restart keeps the image, and with it the build's settings
    run("builder:set", "blog", "build-dir")
    assert run("ps:report", "blog", "--ps-pending")[1] == "\n"


def test_a_report_asks_the_plugins_only_when_a_setting_changed_after_the_deploy(
    run: Run, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(pending_settings, "pending_names", lambda host, app: asked.append(app) or [])
    deploy(host, "blog", TREE)
    run("ps:scale", "blog", "web=2")
    run("ps:set", "blog", "rollback-on-crash", "true")  # no release keeps it, so it takes effect at once
    run("ps:report", "blog")
    assert asked == []
    run("ps:set", "blog", "restart-policy", "always")
    run("ps:report", "blog")
    assert asked == ["blog"]
    run("ps:restart", "blog")
    run("ps:report", "blog")
    assert asked == ["blog"]


def update(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install another version of a plugin."""
    for entry in host.registry.entries:
        if entry.plugin == "apps":
            monkeypatch.setattr(entry, "version", entry.version + "9")


def test_after_an_update_the_timer_notes_what_it_leaves_as_it_is(
    run: Run, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(host, "blog", TREE)
    deploy(host, "shop", TREE)
    run("ps:set", "shop", "restart-policy", "always")
    update(host, monkeypatch)
    asked: list[str] = []
    names = pending_settings.pending_names
    monkeypatch.setattr(pending_settings, "pending_names", lambda *given: asked.append(given[1]) or names(*given))
    run("ps:report", "blog")
    assert asked == ["blog"]
    run_due(host, now=1e9)
    run_due(host, now=2e9)
    assert asked == ["blog", "blog", "shop"]
    assert "Ps pending:" not in run("ps:report", "blog")[1] and asked[3:] == []
    assert run("ps:report", "shop", "--ps-pending")[1] == "ps restart-policy\n"
    run("ps:set", "blog", "restart-policy", "always")
    assert run("ps:report", "blog", "--ps-pending")[1] == "ps restart-policy\n"
    run("ps:set", "blog", "restart-policy")
    update(host, monkeypatch)
    asked.clear()
    run("ps:report", "blog")
    assert asked == ["blog"]


def test_note_of_a_deployment_says_nothing_of_the_next_one(
    run: Run, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(host, "blog", TREE)
    update(host, monkeypatch)
    run_due(host, now=1e9)
    run("ps:set", "blog", "restart-policy", "always")
    run("ps:restart", "blog")
    run("ps:set", "blog", "restart-policy")
    assert run("ps:report", "blog", "--ps-pending")[1] == "ps restart-policy\n"
