"""Every argument, option and property of every command gets plausible wrong values. The result is an error that stores
nothing, or a state that can be unset and destroyed, but never an internal error.

The calls are generated from the registry, so that new commands are tested automatically. Roles are fakes, and nothing
outside is reached.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dokkupy.cli.declare import Command, Group, Parameter, parameters
from dokkupy.cli.main import main
from dokkupy.host import Host
from dokkupy.kernel.discovery import entry_points
from dokkupy.kernel.registry import Registry
from dokkupy.model.names import AppName
from dokkupy_apps.testing import deploy
from dokkupy_sdk.settings import Settings
from dokkupy_sdk.testing import fake_host

REGISTRY = Registry(entry_points())
PLUGINS = tuple(sorted({entry.plugin for entry in REGISTRY.entries}))
GROUPS: dict[str, Group] = {name: REGISTRY.load(entry) for name, entry in REGISTRY.group("dokkupy.commands").items()}
OF_THE_MACHINE = {
    "setup",
    "ssh-entry",
    "shell",
    "events",
    "nginx",
    "git-hook",
    "git-receive-pack",
    "git-upload-archive",
    "git-upload-pack",
}
OF_THE_MACHINE_TOO = {
    "nginx:start",
    "nginx:stop",
    "nginx:reload",
    "plugin:install",
    "plugin:update",
    "plugin:uninstall",
    "plugin:install-dependencies",
    "plugin:trigger",
    "plugin:new",
    "checks:run",
    "run",
    "enter",
    "logs",
    "ps:retire",
}
"""Commands that are left out: they act on the machine itself, wait for an app, or give a terminal to a real program."""
FOLLOWS = {"--tail", "-t", "--follow", "-f"}

WRONG = (
    "",
    "-x",
    "$no_such",
    "../../etc/passwd",
    "/nonexistent/x",
    "no such",
    "Ünï",
    "a\nb",
    "a\x00b",
    "x\udcff",
    "-1",
    "9" * 5000,
    "a" * 300,
    "a=b",
    "https://",
    "99:99:99",
    "[::1",
    "2024-13-45",
    "* * * * * *",
    "²",
)


def good(item: Parameter) -> str | None:
    """A text that a parameter of this type accepts, as far as the type shows."""
    name = getattr(item.convert, "__name__", "")
    if item.kind == "scope" or name == "AppName":
        return "blog"
    return {
        "int": "1",
        "to_int": "1",
        "Domain": "www.example.com",
        "EnvKey": "KEY",
        "ProcessType": "web",
        "PluginName": "nginx",
        "ServiceName": "data",
        "KeyName": "me",
        "GitRef": "main",
        "ImageRef": "nothing:1",
    }.get(name, "word")


def tries(command: Command) -> Iterator[list[str]]:
    """The arguments of calls with one wrong value each. All other values are valid, as far as their types show."""
    declared = [item for item in parameters(command.function) if item.kind != "unknown-flags"]
    places = [item for item in declared if item.kind in ("argument", "scope", "rest")]
    usual = [word for item in places if (word := good(item)) is not None]
    for number in range(len(places)):
        for wrong in WRONG:
            yield [*usual[:number], wrong, *usual[number + 1 :]]
    required = usual[: sum(item.required or item.kind == "scope" for item in places)]
    for item in declared:
        if item.kind != "option":
            continue
        flag = item.flags[0]
        if item.is_bool:
            if not FOLLOWS & {*item.flags}:
                yield [flag, *required]
                yield [f"{flag}=perhaps", *required]
            continue
        for wrong in WRONG:
            yield [f"{flag}={wrong}", *required]
    yield ["--surplus", *usual]
    for count in range(len(usual)):
        yield usual[:count]


def commands() -> dict[str, list[Command]]:
    return {
        name: [one for one in group.commands.values() if one.full_name not in OF_THE_MACHINE_TOO]
        for name, group in GROUPS.items()
        if name not in OF_THE_MACHINE
    }


class Alone:
    """Prevents the process from using the network and from starting programs other than git."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        real = subprocess.Popen.__init__

        def start(process: Any, argv: Any, *args: Any, **keywords: Any) -> None:
            program = os.path.basename(os.fspath(argv[0]))
            if program not in ("git", "openssl"):
                raise FileNotFoundError(2, "No such file or directory", program)
            real(process, argv, *args, **keywords)

        def unreachable(*_: object, **__: object) -> None:
            raise OSError(101, "Network is unreachable")

        patch.setattr(subprocess.Popen, "__init__", start)
        for name in ("connect", "connect_ex", "bind", "sendto"):
            patch.setattr(socket.socket, name, unreachable, raising=False)
        patch.setattr(socket, "getaddrinfo", unreachable)
        for name in ("fsync", "fdatasync"):
            patch.setattr(os, name, lambda _: None)


def snapshot(root: Path) -> dict[str, bytes]:
    """The tables of the state, without caches and `failed.toml`, which stays after a rollback. It waits for the end of
    the separate process that the previous command started (`tick --within`)."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    return {
        str(path.relative_to(root)): path.read_bytes()
        for top in ("apps", "global", "services", "external-services")
        for path in (root / top).rglob("*.toml")
        if path.name not in ("failed.toml", "tick.toml") and path.is_file()
    }


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    made = fake_host(tmp_path / "state", plugins=PLUGINS, real=("source",))
    made.hooks.manager.unregister(name="checks")  # this test cannot wait, because fake instances never answer
    deploy(made, "blog", {"Procfile": "web: serve"})
    Alone(monkeypatch)
    return made


def run(host: Host, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))

    def hangs(*_: object) -> None:
        raise TimeoutError(f"{words} goes on without end")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(60)
    try:
        return main(list(words), host=host)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("namespace", commands())
def test_wrong_value_is_an_error_that_stores_nothing(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], namespace: str
) -> None:
    root, faults = Path(host.root), []
    before = snapshot(root)
    for command in commands()[namespace]:
        for words in tries(command):
            status = run(host, monkeypatch, command.full_name, *words)
            said = capsys.readouterr()
            call = [command.full_name, *(word[:60] for word in words)]
            if "Internal error" in said.err or "Traceback" in said.err or "Traceback" in said.out:
                faults.append((call, said.err[-300:]))
            after = snapshot(root)
            if status and after != before and "of them" not in said.err:
                faults.append((call, "stored something and failed"))
            if not host.store.has_app(AppName("blog")):
                deploy(host, "blog", {"Procfile": "web: serve"})
                after = snapshot(root)
            before = after
    assert not faults, "\n".join(f"{call}: {why}" for call, why in faults)
    assert run(host, monkeypatch, "--force", "apps:destroy", "blog") == 0
    assert not os.path.exists(host.path("apps", "blog"))


def properties() -> list[tuple[str, Settings]]:
    found = REGISTRY.group("dokkupy.settings").items()
    return [(name, REGISTRY.load(entry)) for name, entry in found if name not in OF_THE_MACHINE]


@pytest.mark.parametrize(("name", "settings"), properties(), ids=[name for name, _ in properties()])
def test_a_property_of_any_value_is_refused_or_can_be_unset(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, settings: Settings
) -> None:
    command = setter(settings)
    for one in settings.properties if command else ():
        for scope in ("blog", "--global"):
            app = AppName("blog") if scope == "blog" else None
            before = settings.raw(host.store, app, one)
            for wrong in WRONG[1:]:
                status = run(host, monkeypatch, command, scope, one, "--", wrong)
                said = capsys.readouterr().err
                assert "Internal error" not in said, (one, wrong, said)
                if status:
                    assert settings.raw(host.store, app, one) == before, (one, wrong)
                else:
                    assert run(host, monkeypatch, command, scope, one) == 0, (one, wrong)
                    assert settings.raw(host.store, app, one) == "", (one, wrong)


OTHERWISE = {"backups", "storage"}
"""Namespaces whose `:set` has another form. The other test covers them."""


def setter(settings: Settings) -> str:
    """The command that sets properties of a namespace."""
    if settings.namespace in OTHERWISE:
        return ""
    commands = GROUPS[settings.namespace].commands
    (found,) = {"set-property", "set"} & {*commands} if "set-property" not in commands else {"set-property"}
    assert parameters(commands[found].function)[0].kind == "scope"
    return f"{settings.namespace}:{found}"


def by_hand(host: Host) -> None:
    """Write values that are refused today to every table, as an older version, another host or an editor may have left
    them."""
    for _, settings in properties():
        bad = dict.fromkeys(settings.properties, "$no_such ../x")
        for place in (("apps", "blog", settings.namespace), ("global", settings.namespace)):
            host.store.write(*place, data={**host.store.read(*place), "properties": bad})


def test_invalid_values_of_an_older_version_can_be_unset_and_destroyed(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand(host)
    for _, settings in properties():
        for one, prop in settings.properties.items():
            for scope in ("blog", "--global"):
                if prop.set_by or prop.scope == ("global" if scope == "blog" else "app") or not setter(settings):
                    continue
                by_hand(host)
                assert run(host, monkeypatch, setter(settings), scope, one) == 0, (settings.namespace, one, scope)
    by_hand(host)
    assert run(host, monkeypatch, "apps:list") == 0
    assert run(host, monkeypatch, "--force", "apps:destroy", "blog") == 0
    assert not os.path.exists(host.path("apps", "blog"))


def wrong_types(file: Path) -> str:
    """The table with a number in place of each table or list that it has or that other tables have."""
    import tomllib

    keys = {"properties", "env", "vhosts", "phases", "processes", "slots", "list", "state", "limit", "reserve", "map"}
    keys |= {key for key, value in tomllib.loads(file.read_text()).items() if isinstance(value, dict | list)}
    return "schema = 1\n" + "".join(f"{key} = 3\n" for key in sorted(keys))


@pytest.mark.parametrize(
    "content", ["", "x = [", "schema = 99\n", "schema = 1\nproperties = 3\n", "schema = 1\nmap = 'x'\n", "wrong types"]
)
def test_app_with_any_broken_file_can_be_destroyed_and_affects_no_other_app(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    run(host, monkeypatch, "config:set", "--no-restart", "blog", "A=1")
    run(host, monkeypatch, "domains:add", "blog", "www.example.com")
    files = sorted(Path(host.path("apps", "blog")).rglob("*.toml"))
    assert len(files) > 3
    deploy(host, "other", {"Procfile": "web: serve"})
    for file in files:
        file.write_text(wrong_types(file) if content == "wrong types" else content)
    for words in (
        ["ps:restart", "--all"],
        ["domains:report"],
        ["ps:stop", "--all"],
        ["proxy:build-config", "--all"],
        ["docker-options:report"],
        ["nginx:report"],
        ["certs:report"],
        ["letsencrypt:list"],
        ["resource:report"],
        ["logs:failed", "--all"],
        ["checks:report"],
        ["config:show", "blog"],
        ["ports:list", "blog"],
        ["buildpacks:report"],
        ["builder:report"],
        ["git:report"],
        ["letsencrypt:report"],
        ["services:list"],
        ["letsencrypt:auto-renew"],
        ["backups:report"],
    ):
        assert run(host, monkeypatch, *words) in (0, 1), words
        said = capsys.readouterr()
        assert "Traceback" not in said.err and "Internal error" not in said.err, (words, said.err)
    assert run(host, monkeypatch, "ps:report", "other") == 0
    assert run(host, monkeypatch, "doctor") in (0, 1)
    found = capsys.readouterr().out
    assert content.startswith(("schema = 1", "wrong")) or str(files[0]) in found
    assert run(host, monkeypatch, "--force", "apps:destroy", "blog") == 0
    assert not os.path.exists(host.path("apps", "blog"))
    assert run(host, monkeypatch, "apps:create", "blog") == 0


def test_broken_record_of_a_service_is_named_and_other_services_are_listed(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from dokkupy_services.records import services

    for name in ("one", "two"):
        path = Path(host.path("services", "redis", name, "service.toml"))
        path.parent.mkdir(parents=True)
        path.write_text("x = [")
    capsys.readouterr()
    assert services(host) == []
    assert run(host, monkeypatch, "redis:list") == 1
    said = capsys.readouterr().err
    assert "redis:one" in said and "redis:two" in said and "Internal error" not in said
    assert run(host, monkeypatch, "ps:restart", "blog") == 0  # the broken service is linked to neither app
    assert run(host, monkeypatch, "doctor") == 1
    assert "services/redis/one/service.toml" in capsys.readouterr().out
    assert run(host, monkeypatch, "--force", "apps:destroy", "blog") == 0


def test_lost_or_empty_file_is_never_taken_for_an_empty_configuration(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(host, monkeypatch, "config:set", "--no-restart", "blog", "A=1")
    path = Path(host.store.path("apps", "blog", "config"))
    for lose in (path.unlink, lambda: path.write_text("")):
        whole = path.read_bytes()
        lose()
        for words in (["config:show", "blog"], ["ps:restart", "blog"], ["config:set", "--no-restart", "blog", "B=2"]):
            assert run(host, monkeypatch, *words) == 1, words
            assert str(path) in capsys.readouterr().err
        path.write_bytes(whole)
    assert run(host, monkeypatch, "config:show", "blog") == 0
    Path(host.store.path("apps", "blog", "app")).unlink()
    assert run(host, monkeypatch, "apps:create", "blog") == 1
    assert "app.toml" in capsys.readouterr().err
    assert run(host, monkeypatch, "doctor") == 1
    assert run(host, monkeypatch, "--force", "apps:destroy", "blog") == 0
    assert run(host, monkeypatch, "apps:create", "blog") == 0
