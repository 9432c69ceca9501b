"""Each mutating command is killed at its failpoints. After `recover`, it happened completely or not at all.

A new mutating command fails here until it has a row: arguments for a call, or the test that kills it instead.
"""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from dokkupy.cli.declare import Group
from dokkupy.host import Host
from dokkupy.kernel.discovery import entry_points
from dokkupy.kernel.registry import Registry
from dokkupy_apps.testing import deploy
from dokkupy_cron.tasks.task import id_of
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.effort import THOROUGH
from dokkupy_storage.directories.directory import storage_root

from tests.distributions.killed import difference, look, recovered, typed, whole

REGISTRY = Registry()
GROUPS: dict[str, Group] = {name: REGISTRY.load(entry) for name, entry in REGISTRY.group("dokkupy.commands").items()}
PLUGINS = tuple(sorted({entry.plugin for entry in entry_points()} - {"core", "sdk"}))
KINDS = {entry.name for entry in entry_points() if entry.group == "dokkupy.datastore"}
SERVER = "registry.example.com"
TASK = id_of("do it", "0 0 1 1 *")
TREE = {
    "Procfile": "web: serve\nworker: work\n",
    "app.json": '{"cron": [{"command": "do it", "schedule": "0 0 1 1 *"}]}',
}

COMMANDS = {
    "app-json:set": "blog appjson-path other.json",
    "apps:clone": "blog copy",
    "apps:create": "new",
    "apps:destroy": "blog --force",
    "apps:lock": "blog",
    "apps:rename": "blog diary",
    "apps:unlock": "other",
    "buildpacks:add": "blog heroku/nodejs",
    "buildpacks:clear": "blog",
    "buildpacks:remove": "blog heroku/ruby",
    "buildpacks:set": "blog heroku/nodejs",
    "certs:generate": "blog old.example.com",
    "certs:remove": "blog",
    "checks:enable": "blog",
    "checks:disable": "blog worker",
    "checks:skip": "blog worker",
    "config:set": "blog COLOR=red",
    "config:unset": "blog KEY",
    "config:clear": "blog",
    "config:import": "blog -",
    "cron:resume": f"blog {TASK}",
    "cron:set": "blog maintenance true",
    "cron:suspend": f"other {TASK}",
    "disk:collect": "",
    "disk:measure": "",
    "disk:set": "blog budget 1g",
    "docker-options:add": "blog deploy --cpu-shares=2",
    "docker-options:remove": "blog deploy --init",
    "docker-options:clear": "blog",
    "domains:add": "blog new.example.com",
    "domains:set": "blog new.example.com",
    "domains:remove": "blog old.example.com",
    "domains:clear": "blog",
    "domains:reset": "blog",
    "domains:enable": "other",
    "domains:disable": "blog",
    "domains:add-global": "b.example.net",
    "domains:set-global": "b.example.net",
    "domains:remove-global": "a.example.net",
    "domains:clear-global": "",
    "git:auth": "git.example.com ann secret",
    "http-auth:add-allowed-ip": "blog 10.0.0.1",
    "http-auth:add-user": "blog bob secret",
    "http-auth:disable": "blog",
    "http-auth:enable": "other ann secret",
    "http-auth:remove-allowed-ip": "blog 10.0.0.9",
    "http-auth:remove-user": "blog ann",
    "logs:set": "blog max-size 20m",
    "logs:vector-start": "",
    "logs:vector-stop": "",
    "maintenance:custom-page": "blog",
    "maintenance:disable": "blog",
    "maintenance:enable": "other",
    "network:create": "second",
    "network:destroy": "unused --force",
    "network:set": "blog attach-post-deploy shared",
    "ports:add": "blog http:8080:5000 tcp:7000:7000",
    "ports:clear": "blog",
    "ports:remove": "blog tcp:6000:6000",
    "ports:set": "blog udp:7001:7001",
    "proxy:disable": "blog",
    "proxy:enable": "other",
    "ps:restart": "blog",
    "ps:scale": "blog worker=2",
    "ps:start": "idle",
    "ps:stop": "blog",
    "redirect:set": "blog www.example.com blog.example.com",
    "redirect:unset": "blog old.example.com",
    "registry:login": f"blog {SERVER} bob of-bob",
    "registry:logout": f"blog {SERVER}",
    "registry:set": "blog push-extra-tags latest",
    "releases:rollback": "blog",
    "resource:limit": "blog --memory 64m",
    "resource:limit-clear": "blog",
    "resource:reserve": "blog --memory 32m",
    "resource:reserve-clear": "blog",
    "ssh-keys:add": "me",
    "ssh-keys:remove": "you",
    "ssh-keys:set": "you --role viewer",
    "storage:annotations:set": "data a b",
    "storage:create": "new",
    "storage:destroy": "free --force",
    "storage:labels:set": "data a b",
    "storage:migrate": "--all",
    "storage:mount": "blog data:/more",
    "storage:set": "data mode 0700",
    "storage:undestroy": "old",
    "storage:unmount": "blog data:/data",
    "trace:off": "",
    "trace:on": "",
}

BEFORE = (
    "network:create shared",
    "network:create unused",
    "storage:create data",
    "storage:create free",
    "storage:set data mode 0755",
    "storage:create old",
    "storage:destroy old --force --destroy-host-dir",
    "storage:mount blog data:/data",
    "domains:set-global a.example.net",
    "domains:set blog blog.example.com old.example.com www.example.com",
    "http-auth:enable blog ann secret",
    "http-auth:add-allowed-ip blog 10.0.0.9",
    "maintenance:enable blog",
    "redirect:set blog old.example.com blog.example.com",
    f"registry:login blog {SERVER} ann of-ann",
    "ports:add blog tcp:6000:6000",
    "buildpacks:add blog heroku/ruby",
    "config:set --no-restart blog KEY=value",
    "docker-options:add blog deploy --init",
    "docker-options:add blog deploy -v free:/free",
    "resource:limit blog --cpu 1",
    "resource:reserve blog --memory 16m",
    "checks:skip blog web",
    "certs:generate blog blog.example.com",
    "proxy:disable other",
    "domains:disable other",
)


def tar_of_a_page() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        entry = tarfile.TarInfo("maintenance.html")
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"Soon"))
    return made.getvalue()


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{}lTWVNZU1lTWVNZU1lTWVNZU1lTWVNZU1lTWVNZU1l me\n"
STDIN = {
    "config:import": b"KEY=third\n",
    "maintenance:custom-page": tar_of_a_page(),
    "ssh-keys:add": KEY.format("E1").encode(),
}

BY_PROPERTY = "app-json:set"
"""All `:set` commands of declared properties run this same code."""

FIRST_HALF = {
    "config:set": "--no-restart blog COLOR=red",
    "config:unset": "--no-restart blog KEY",
    "config:clear": "--no-restart blog",
    "config:import": "--no-restart blog -",
}
"""Commands with two operations: a change, and a deploy that makes it effective. If they are killed in between, the
change stays and reports show it as pending."""

SERVICES = "plugins_builtin/services/tests/**/test_services.py"
ELSEWHERE = {
    **dict.fromkeys((*KINDS, "services"), SERVICES),
    "backups": "plugins_builtin/backups/tests/**/test_crash.py",
    "cron:run": "plugins_builtin/cron/tests/**/test_due.py",
    "cron:run-command": "plugins_builtin/cron/tests/**/test_host_commands.py",
    "cron:run-due": "plugins_builtin/cron/tests/**/test_due.py",
    "certs:add": "tests/e2e/test_certs.py",
    "certs:rollback": "tests/e2e/test_certs.py",
    "certs:update": "tests/e2e/test_certs.py",
    "git": "plugins_builtin/git/tests/**/test_crashes.py",
    "letsencrypt": "plugins_builtin/letsencrypt/tests/**/test_crash.py",
    "plugin": "plugins_builtin/plugins/tests/**/test_plugins.py",
    "ps:rebuild": "tests/e2e/test_crash.py",
    "secrets:rotate": "plugins_builtin/secrets/tests/**/test_secrets.py",
}
"""Namespaces and commands that another test kills, for example with the real program. Values: patterns of test
files."""

NOTHING_BETWEEN = {
    "of what the next run does again": "cleanup images:add images:refresh images:remove repo:gc repo:purge-cache "
    "builds:prune releases:prune network:rebuild network:rebuildall secrets:key-add storage:ensure-directory storage:measure audit:restart setup recover",
    "of a running program, and keep nothing": "nginx:start nginx:stop nginx:reload nginx:validate nginx:validate-config "
    "builds:cancel proxy:build-config proxy:clear-config run:detached run:stop ps:restore webhook:test",
}
"""Commands that write at most one file of the state, so that there is no intermediate state."""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Host, Path]]:
    base = tmp_path_factory.mktemp("killed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(base))
        host = fake_host(base / "disk" / "dokkupy", plugins=PLUGINS, real=("source",))
        host.hooks.manager.unregister(name="checks")  # it would wait for the fake instances to answer
        host.engine().accounts[SERVER] = {"ann": "of-ann", "bob": "of-bob"}  # type: ignore[attr-defined]
        os.makedirs(storage_root(host))
        for app in ("blog", "other"):
            deploy(host, app, TREE)
        for words in BEFORE:
            typed(host, words.split())
        for app in ("blog", "other", "idle"):
            deploy(host, app, TREE)
        typed(host, ["ssh-keys:add", "you"], KEY.format("E2").encode())
        for words in (f"cron:suspend blog {TASK}", "apps:lock other", "ps:stop idle", "recover"):
            typed(host, words.split())
        shutil.copytree(base / "disk", base / "saved", symlinks=True)
        yield host, base / "saved"


@pytest.fixture
def host(saved: tuple[Host, Path]) -> Host:
    restore(*saved)
    return saved[0]


def restore(host: Host, saved: Path) -> None:
    shutil.rmtree(saved.with_name("disk"))
    shutil.copytree(saved, saved.with_name("disk"), symlinks=True)


def chosen(boundaries: list[str]) -> list[int]:
    """The failpoints to test: all of them, or usually the last one before the commit and the first one after it."""
    if THOROUGH:
        return list(range(1, len(boundaries) + 1))
    return [number for number, name in enumerate(boundaries, 1) if name.endswith((": before commit", ": after commit"))]


@pytest.mark.parametrize("name", COMMANDS)
def test_command_killed_at_a_failpoint_happens_completely_or_not_at_all(
    host: Host, saved: tuple[Host, Path], tmp_path: Path, name: str
) -> None:
    words, stdin = [name, *COMMANDS[name].split()], STDIN.get(name, b"")
    outcomes = [look(host)]
    boundaries, after = whole(host, words, stdin, tmp_path / "boundaries")
    if name in FIRST_HALF:
        restore(*saved)
        outcomes.append(whole(host, [name, *FIRST_HALF[name].split()], stdin, tmp_path / "first half")[1])
    outcomes.append(after)
    assert boundaries, f"{name} passes no boundary: it changes nothing, or changes it outside an operation"
    assert after != outcomes[0], f"{name} changes nothing here: give it something to change"
    for number in chosen(boundaries):
        restore(*saved)
        seen = recovered(host, words, stdin, number)
        assert seen in outcomes, (
            f"{name} killed at {number} ({boundaries[number - 1]}): it did not happen, because {difference(seen, after)}; "
            f"and it happened, because {difference(seen, outcomes[0])}"
        )


def changing() -> set[str]:
    return {one.full_name for group in GROUPS.values() for one in group.commands.values() if one.mutating}


def test_every_mutating_command_is_killed_in_a_test() -> None:
    """A new mutating command requires a row in COMMANDS, or the test that kills it."""
    settings = [REGISTRY.load(entry) for entry in REGISTRY.group("dokkupy.settings").values()]
    by_property = {f"{one.namespace}:{verb}" for one in settings for verb in ("set", "set-property")} - {*COMMANDS}
    others = {name for names in NOTHING_BETWEEN.values() for name in names.split()}
    covered = {*COMMANDS} | by_property | {*ELSEWHERE} | others
    assert {name for name in changing() if not covered & {name, name.partition(":")[0]}} == set()
    assert BY_PROPERTY in COMMANDS
    assert {*COMMANDS, *others} - changing() == set()
    assert {*COMMANDS} & {*ELSEWHERE} == {*COMMANDS} & others == {*ELSEWHERE} & others == set()


@pytest.mark.parametrize("pattern", sorted({*ELSEWHERE.values()}))
def test_named_test_files_exist_and_kill_or_fail_at_failpoints(pattern: str) -> None:
    (file,) = Path(__file__).parents[2].glob(pattern)
    text = file.read_text()
    assert "FAILPOINT" in text or "failpoint" in text
