"""Every command that sets something of an app takes effect at once, or prints with which command it does.

The instances are compared with those that a new release would have. If they differ, the command must say so, and
reports must show it as pending.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dokkupy.cli.declare import Command, Group
from dokkupy.host import Host
from dokkupy.kernel.discovery import entry_points
from dokkupy.kernel.registry import Registry
from dokkupy.model.names import AppName
from dokkupy_apps.releases.from_state import release_settings, with_state
from dokkupy_apps.releases.records import current, same_content
from dokkupy_apps.testing import deploy
from dokkupy_sdk.settings import Settings
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import Run, command_line

REGISTRY = Registry()
GROUPS: dict[str, Group] = {name: REGISTRY.load(entry) for name, entry in REGISTRY.group("dokkupy.commands").items()}
SETTINGS: list[Settings] = [REGISTRY.load(entry) for entry in REGISTRY.group("dokkupy.settings").values()]
PLUGINS = tuple(sorted({entry.plugin for entry in entry_points()} - {"core", "sdk"}))
APP = AppName("blog")
TREE = {"Procfile": "web: serve\nworker: work\n", "app.json": "{}"}

SETTERS = {
    "buildpacks:add": "heroku/nodejs",
    "buildpacks:set": "heroku/nodejs",
    "buildpacks:remove": "heroku/ruby",
    "buildpacks:clear": "",
    "checks:disable": "worker",
    "checks:enable": "",
    "checks:skip": "worker",
    "config:set": "--no-restart KEY=other",
    "config:unset": "--no-restart KEY",
    "config:clear": "--no-restart",
    "config:import": "--no-restart -",
    "docker-options:add": "deploy --cpu-shares=2",
    "docker-options:remove": "deploy --init",
    "docker-options:clear": "",
    "domains:add": "www.example.com",
    "domains:set": "www.example.com",
    "domains:remove": "old.example.com",
    "domains:clear": "",
    "domains:reset": "",
    "domains:enable": "",
    "domains:disable": "",
    "ports:add": "http:8080:5000",
    "ports:set": "http:8080:5000",
    "ports:remove": "http:81:5000",
    "ports:clear": "",
    "proxy:enable": "",
    "proxy:disable": "",
    "ps:scale": "--skip-deploy worker=2",
    "resource:limit": "--memory 64m",
    "resource:reserve": "--memory 32m",
    "resource:limit-clear": "",
    "resource:reserve-clear": "",
    "storage:mount": "cache-2:/cache",
    "storage:unmount": "cache-1:/more",
}
"""Commands that set something of an app -> their arguments besides its name."""

BEFORE = (
    "buildpacks:add blog heroku/ruby",
    "config:set --no-restart blog KEY=value",
    "docker-options:add blog deploy --init",
    "domains:add blog old.example.com",
    "ports:add blog http:81:5000",
    "resource:limit blog --cpu 1",
    "resource:reserve blog --memory 16m",
    "checks:skip blog web",
    "storage:mount blog cache-1:/more",
)

NO_SETTING = {
    "apps": "*",
    "audit": "*",
    "backups": "*",
    "builds": "*",
    "certs": "*",
    "cleanup": "*",
    "cron": "*",
    "disk": "collect measure",
    "git": "*",
    "images": "*",
    "letsencrypt": "*",
    "http-auth": "*",
    "logs": "vector-start vector-stop",
    "maintenance": "*",
    "redirect": "*",
    "nginx": "*",
    "plugin": "*",
    "ps": "inspect rebuild restart restore start stop",
    "proxy": "build-config clear-config",
    "recover": "*",
    "releases": "*",
    "network": "create destroy rebuild rebuildall",
    "registry": "login logout",
    "repo": "*",
    "run": "*",
    "secrets": "*",
    "services": "*",
    "setup": "*",
    "ssh-keys": "*",
    "storage": "annotations:set create destroy ensure-directory labels:set measure migrate undestroy",
    "trace": "*",
    "webhook": "*",
    "domains": "add-global set-global remove-global clear-global",
}
"""Namespaces and verbs that act at once, or do not set anything of an app. `:set` has its own test below."""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path, plugins=PLUGINS, real=("source",))
    host.hooks.manager.unregister(name="checks")  # this test cannot wait, because fake instances never answer
    return host


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return command_line(host, capsys, monkeypatch)


def is_in_force(host: Host) -> bool:
    """Whether a release made now would be the same as the serving one."""
    release, _ = current(host, APP)
    assert release is not None
    now = with_state(host, release)
    formation = now.formation == release.formation
    # the port map takes effect at once, because the route already has it
    same = same_content(now, type(now)(**{**fields(release), "own_ports": now.own_ports}))
    return formation and same and release_settings(host, APP, None) == release.settings


def fields(release: object) -> dict[str, object]:
    from dataclasses import fields as of

    return {field.name: getattr(release, field.name) for field in of(release)}  # type: ignore[arg-type]


def is_a_setter(command: Command) -> bool:
    namespace, verbs = command.group.namespace, NO_SETTING.get(command.group.namespace, "")
    is_service = namespace in {entry.name for entry in entry_points() if entry.group == "dokkupy.datastore"}
    by_property = command.name in ("set", "set-property") and any(
        one.namespace == namespace and one.listed for one in SETTINGS
    )
    if namespace == "buildpacks":
        by_property = command.name == "set-property"
    return not (by_property or is_service or verbs == "*" or command.name in verbs.split())


def test_every_command_that_sets_something_of_an_app_is_tried() -> None:
    found = {
        one.full_name
        for group in GROUPS.values()
        for one in group.commands.values()
        if one.mutating and is_a_setter(one)
    }
    assert found == {*SETTERS}


@pytest.mark.parametrize("name", SETTERS)
def test_command_that_sets_takes_effect_at_once_or_says_when(run: Run, host: Host, name: str) -> None:
    deploy(host, APP, TREE)
    for words in BEFORE:
        assert run(*words.split())[0] == 0, words
    deploy(host, APP, TREE)
    assert is_in_force(host) and run("ps:report", APP, "--ps-pending")[1] == "\n"
    flags = [word for word in SETTERS[name].split() if word.startswith("--no-") or word == "--skip-deploy"]
    others = [word for word in SETTERS[name].split() if word not in flags]
    status, out, error = run(name, *flags, APP, *others, stdin="KEY=third\n")
    assert status == 0, error
    assert is_in_force(host) != ("takes effect with the next deploy" in out), out


VALUES = (
    "true",
    "false",
    "7",
    "60",
    "7m",
    "other.json",
    "deploy",
    "always",
    "/bin/bash",
    "https://x.example",
    "fake",
    "KEY",
    "UTC",
    "run",
    "none",
    "https",
    "each",
    "rsa",
    "staging",
    "me@example.com",
    "key=value",
    "10.0.0.0/8",
    "stop",
    "lock",
)
"""Sample values. For each property, at least one is valid and not the default."""

TRIED = [
    one for one in SETTINGS if one.namespace in GROUPS and one.namespace not in ("backups", "nginx") and one.listed
]
"""Namespaces that are left out: nginx, which validates values with its own program, and backups, whose properties do
not belong to apps."""


@pytest.mark.parametrize("settings", TRIED, ids=lambda settings: settings.namespace)
def test_property_takes_effect_at_once_or_its_command_says_when(run: Run, host: Host, settings: Settings) -> None:
    deploy(host, APP, TREE)
    verb = "set-property" if "set-property" in GROUPS[settings.namespace].commands else "set"
    for name, prop in settings.listed.items():
        scope = "--global" if prop.scope == "global" else str(APP)
        before = settings.get(host.store, APP, name)
        for value in VALUES:
            status, out, _ = run(f"{settings.namespace}:{verb}", scope, name, value)
            if status == 0 and settings.get(host.store, APP, name) != before:
                break
        else:
            assert (
                prop.role or prop.inert or name in ("ca-bundle", "builder-image")
            ), (  # values that must exist or be trusted
                f"{settings.namespace} {name} takes none of {VALUES}: add one"
            )
            continue
        assert ("takes effect with" in out) == bool(prop.applies.moment), (name, out)
        assert is_in_force(host) or prop.applies.moment, name
        pending = run("ps:report", APP, "--ps-pending")[1].strip()
        assert pending == (f"{settings.namespace} {name}" if prop.is_kept else ""), name
        assert run(f"{settings.namespace}:{verb}", scope, name)[0] == 0
        assert is_in_force(host), name


def pending_of_reports(run: Run) -> str:
    found = []
    for namespace, group in GROUPS.items():
        if "report" in group.commands and namespace != "services":
            keys = json.loads(run(f"{namespace}:report", APP, "--format", "json")[1])
            found += [f"{namespace} {key[8:]}" for key in keys if key.startswith("pending-")]
    return ", ".join(sorted(found))


def test_list_of_pending_settings_matches_the_reports_of_the_plugins(run: Run, host: Host) -> None:
    deploy(host, APP, TREE)
    for words in (
        *BEFORE,
        "ps:set --global stop-timeout-seconds 9",
        "logs:set blog max-size 20m",
        "git:set blog keep-git-dir true",
    ):
        assert run(*words.split())[0] == 0, words
    line = run("ps:report", APP, "--ps-pending")[1].strip()
    assert line == pending_of_reports(run)
    for name in (
        "buildpacks list",
        "checks skipped",
        "docker-options web",
        "git keep-git-dir",
        "logs max-size",
        "resource web",
    ):
        assert name in line.split(", "), line
