"""A command that removes something says so if it is not there: a typing error is not a success."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dokkupy.cli.declare import parameters
from dokkupy.host import Host
from dokkupy_sdk.cli import takes_app
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import command_line

from tests.distributions.populated import PLUGINS, typed_where_all_is
from tests.distributions.test_wrong_values import GROUPS

ABSENT = {
    "apps:destroy nope --force": "App nope does not exist",
    "apps:unlock other": "Deploy lock does not exist",
    "backups:delete 123456 --force": "There is no backup 123456",
    "backups:prune": "Nothing to delete: all backups are kept",
    "backups:target-remove nope --force": "There is no target nope",
    "backups:unschedule redis:cache": "redis:cache has no schedule",
    "builds:cancel other": "App not currently deploying",
    "builds:prune other": "Nothing to remove: all builds are kept",
    "buildpacks:clear other": "other has no buildpacks",
    "buildpacks:remove other a/b": "Buildpack not found",
    "certs:remove other": "An app-specific SSL endpoint is not defined",
    "config:clear --no-restart idle": "No variables are set",
    "config:unset --no-restart other NOPE": "Skipping NOPE, it is not set in the environment",
    "docker-options:clear other": "other has no docker options for build, deploy, run",
    "docker-options:clear blog build": "blog has no docker options for build",
    "docker-options:clear other --process web": "other has no docker options for web",
    "docker-options:remove other deploy --init": "'--init' is not among the options of other",
    "domains:remove other nope.example.com": "Skipping nope.example.com, it is not a domain of other",
    "domains:remove-global nope.example.com": "Skipping nope.example.com, it is not a global domain",
    "git:auth nope.example.com": "No login for nope.example.com is stored",
    "http-auth:disable other": "HTTP auth is not enabled for other",
    "http-auth:remove-allowed-ip other 10.9.9.9": "10.9.9.9 is not allowed",
    "http-auth:remove-user other bob": "other has no user 'bob'",
    "images:remove nope:1": "There is no image nope:1",
    "letsencrypt:disable other": "other has no certificate of an authority",
    "letsencrypt:revoke other": "other has no certificate of an authority",
    "logs:vector-stop": "No lines are being sent to a sink",
    "maintenance:disable other": "Maintenance mode is not enabled for other",
    "network:destroy nope --force": "Network nope does not exist",
    "plugin:disable nope": "Plugin nope is not installed",
    "ports:clear other": "No port mappings configured for other",
    "ports:remove blog 9999": "Skipping 9999, it is not mapped for blog",
    "ports:remove blog http:9999:5000": "Skipping http:9999:5000, it is not mapped for blog",
    "redirect:unset other x.example.com": "'x.example.com' is not redirected",
    "redis:backup-deauth cache": "No credentials are stored",
    "redis:backup-unset-encryption cache": "Backups are always encrypted",
    "redis:backup-unset-public-key-encryption cache": "Nothing to unset",
    "redis:backup-unschedule cache": "redis:cache has no schedule",
    "redis:destroy nope --force": "Redis service nope does not exist",
    "redis:unexpose cache": "Service cache is not exposed",
    "redis:unlink cache other --no-restart": "Not linked to app other",
    "redis:unmount cache --all": "redis:cache has no mounts",
    "redis:unmount cache /x:/y": "/x is not mounted at /y",
    "registry:logout other nope.example.com": "Not logged in to nope.example.com",
    "releases:prune other": "Nothing to remove: all releases of other are kept",
    "run:stop other": "No one-off container of other is running",
    "services:destroy redis nope --force": "Redis service nope does not exist",
    "services:undestroy redis nope": "There is no destroyed redis service nope",
    "services:unlink nope other --no-restart": "External service nope does not exist",
    "ssh-keys:remove nope": "There is no SSH key 'nope'",
    "storage:destroy nope --force": "Storage entry nope does not exist",
    "storage:undestroy nope": "There is no destroyed storage entry nope",
    "storage:unmount other data:/data": "Mount path does not exist",
}
"""What is not there on the populated host -> what the command says."""

REASONS = {
    "checks:disable": "a setting: it says what is set",
    "cron:resume": "a setting",
    "domains:clear": "an app has its default domains until it is cleared",
    "domains:clear-global": "it prints the domains that remain",
    "domains:disable": "a setting",
    "domains:reset": "a setting",
    "git:unlock": "it always fails",
    "letsencrypt:cleanup": "certbot's own files: plugins_builtin/letsencrypt/tests",
    "nginx:stop": "a program of the host",
    "proxy:clear-config": "a file that the next build of the configuration writes again",
    "proxy:disable": "a setting",
    "ps:stop": "a state",
    "redis:stop": "a state",
    "resource:limit-clear": "Dokku's line alone: test_wire_formats",
    "resource:reserve-clear": "Dokku's line alone: test_wire_formats",
    "run:detached": "starts a container",
}
"""Commands that remove nothing which could be missing, or that need more than this host has."""
REMOVES = re.compile(
    "remove|clear|unset|unlink|delete|destroy|disable|unlock|revoke|logout|cancel|unexpose|unmount|unschedule|deauth"
    "|stop|resume|reset|detach|prune|cleanup"
)


def test_each_command_that_removes_something_is_in_the_table() -> None:
    names = {one.full_name for group in GROUPS.values() for one in group.commands.values() if not one.hidden}
    tried = {line.partition(" ")[0] for line in ABSENT}
    kinds = {name for name in GROUPS if "backup-deauth" in GROUPS[name].commands or "unexpose" in GROUPS[name].commands}
    of_redis = {name for name in names if name.partition(":")[0] in kinds - {"redis"}}
    missing = {name for name in names - of_redis if REMOVES.search(name.partition(":")[2])} - tried - {*REASONS}
    assert missing == set(), "say it if nothing is there"


def test_what_is_not_there_is_said_also_by_a_dry_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = typed_where_all_is(tmp_path, capsys, monkeypatch)
    for line in ("ports:remove blog 9999", "domains:remove-global nope.example.com", "apps:unlock other"):
        status, _, err = run(*line.split(), "--dry-run")
        assert status == 0 and ABSENT[line] in err, (line, err)
    run("config:clear", "--no-restart", "idle")
    capsys.readouterr()
    silent = {}
    for line, said in ABSENT.items():
        status, out, err = run(*line.split())
        if said not in out + err or "takes effect" in out or "Internal error" in err:
            silent[line] = (status, out, err)
    assert silent == {}


OF_A_TYPE = {
    "checks:disable blog wokrer": "the setting",
    "checks:skip blog web,wokrer": "the setting",
    "docker-options:add --process wokrer blog deploy --init": "the option",
    "resource:limit blog --process-type wokrer --memory 64m": "the setting",
    "resource:reserve blog --process-type wokrer --memory 64m": "the setting",
    "storage:mount blog data --container-dir /more --process-type wokrer": "the mount",
}
"""Settings for a process type that the app does not have yet -> what counts later."""


def test_a_setting_for_a_process_type_that_is_not_there_is_kept_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = typed_where_all_is(tmp_path, capsys, monkeypatch)
    for line, what in OF_A_TYPE.items():
        status, _, err = run(*line.split())
        warning = f" !     blog has no process type wokrer now (it has: web, worker); {what} counts once it has one\n"
        assert status == 0 and warning in err, (line, err)
        assert "process type" not in run(*line.replace("wokrer", "web").split())[2]


SILENT = {"apps:exists": "its exit status is the answer", "events:on": "its line is not a heading"}


def reads(host: Host) -> Iterator[list[str]]:
    """The lines of commands that only read, for a new app. Datastores have the same commands: redis stands for all."""
    of_datastores = {*host.registry.group("dokkupy.datastore")} - {"redis"}
    for name, group in GROUPS.items():
        for command in group.commands.values() if name not in of_datastores | {"completion", "shell"} else ():
            places = [one for one in parameters(command.function) if one.kind in ("argument", "scope", "rest")]
            is_read = command.permission.endswith(":read") and not (command.mutating or command.hidden or command.root)
            if is_read and command.formats and all(takes_app(one) or not one.required for one in places):
                yield [command.full_name, *("blog" for one in places if takes_app(one))]


def test_no_command_prints_only_a_heading_on_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that there is nothing, and what to type. Programs get Dokku's output."""
    host = fake_host(tmp_path / "dokkupy", plugins=PLUGINS, real=("source",))
    run = command_line(host, capsys, monkeypatch)
    run("apps:create", "blog")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True)
    monkeypatch.setenv("NO_COLOR", "1")
    lines = [*reads(host), ["config:show", "blog"], ["config:keys", "--global"]]
    assert len(lines) > 90
    found = {" ".join(words): run(*words) for words in lines if words[0] not in SILENT}
    empty = {
        line: out
        for line, (_, out, err) in found.items()
        if all(one.startswith(("=====>", "----->")) or not one.strip() for one in (out + err).splitlines())
    }
    assert empty == {}
