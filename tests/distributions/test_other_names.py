"""Heroku's commands, typed over plain ssh: each works, or the error names the line to type."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from dokkupy.cli.main import main, resolve
from dokkupy.cli.parse import parse
from dokkupy.host import Host
from dokkupy.kernel.registry import Registry
from dokkupy_client import elsewhere
from dokkupy_commands.other_names import HEROKU, REMOVED
from dokkupy_sdk.testing import fake_host

from tests.architecture.each import for_each

REGISTRY = Registry()
WORKS = (
    *(
        "apps",
        "apps:create blog",
        "apps:destroy blog",
        "apps:rename blog diary",
        "builds:info blog",
        "builds:cancel blog",
    ),
    *(
        "buildpacks:add blog https://example.com/x.git",
        "buildpacks:clear blog",
        "buildpacks:remove blog 1",
        "config blog",
    ),
    *(
        "certs:add blog",
        "certs:remove blog",
        "config:get blog KEY",
        "config:set blog KEY=VALUE",
        "config:unset blog KEY",
    ),
    *(
        "domains:add blog www.example.com",
        "domains:clear blog",
        "domains:remove blog www.example.com",
        "git:status blog",
    ),
    *("help", "logs --tail --app blog", "logs blog -t", "logs blog -n 100", "logs blog --ps web", "maintenance blog"),
    *("ps blog", "ps:restart blog", "ps:restart --app blog", "ps:scale blog web=2", "ps:scale web=2 --app blog"),
    *("ps:stop blog", "releases blog", "releases:info blog v3", "releases:rollback blog v3", "run blog bash", "status"),
    *(
        "run:detached blog sleep 1",
        "redis:info cache",
        "redis:promote cache blog",
        "version",
        "whoami",
        "webhook:set blog",
    ),
)
"""Lines with a word of Heroku's that is a command here."""
LAPTOP = ("git:remote",)
"""What the client alone has: it changes the repository on the laptop."""
VERBS = ("create", "destroy", "restart", "scale")
"""What the host knows by the verb of its command."""


@for_each(WORKS, str)
def test_a_word_of_herokus_works(line: str) -> None:
    command, rest = resolve(Host("/nonexistent", registry=REGISTRY), line.split()[0], line.split()[1:])
    app = rest[-1] if "--app" in rest else ""
    parse(command, rest[:-2] if app else rest, app)


LINES = sorted({**HEROKU, **REMOVED}.items())


@for_each(LINES, lambda pair: pair[0])
def test_a_line_that_is_offered_is_one_of_this_host(pair: tuple[str, str]) -> None:
    name, line = pair
    host = Host("/nonexistent", registry=REGISTRY)
    line = line.partition(" <")[0].partition(" >")[0]
    for placeholder, value in {
        "KIND:NAME": "postgres:db",
        "NEW-NAME": "other",
        "NEW-APP": "diary",
        "NAME": "db",
        "APP": "blog",
        "SIZE": "512m",
        "IMAGE": "nginx:1",
        "URL": "https://example.com/x.tar.gz",
        "...": {"rollback": "v3", "config:add": "A=b"}.get(name, "web=1"),
        " '30 3 * * *'": " 30 3 * * *",
    }.items():
        line = line.replace(placeholder, value)
    line = line.replace("web=1", "http:80:5000") if line.startswith("ports:") else line
    command, rest = resolve(host, line.split()[0], line.split()[1:])
    assert command.full_name.startswith(line.split()[0])
    parse(command, rest)


@pytest.fixture
def answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    host = fake_host(tmp_path, plugins=tuple({entry.plugin for entry in REGISTRY.entries}))
    for app in ("blog", "shop"):
        host.store.write("apps", app, "app", data={"created_at": "2026-01-01T00:00:00+00:00", "private": app})
    host.store.write("global", "ssh-keys", data={"keys": {"ann": {"role": "deployer", "apps": ["blog"]}}})

    def typed(line: str, who: str = "key:ann") -> str:
        assert main(line.split(), host=host, who=who) == 1
        return capsys.readouterr().err.splitlines()[-1]

    return typed


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ps:exec blog", "enter blog"),
        ("ps:exec", "enter blog"),
        ("maintenance:on blog", "maintenance:enable blog"),
        ("scale web=2 worker=1", "ps:scale"),
        ("scale blog web=2", "ps:scale"),
        ("rollback v3", "releases:rollback blog v3"),
        ("--app blog rollback v3", "releases:rollback blog v3"),
        ("restart", "ps:restart"),
        ("open", "url blog"),
        ("info", "ps:report blog"),
        ("addons", "services:list"),
        ("create diary", "apps:create"),
        ("pg:psql", "postgres:connect NAME"),
        ("proxy:ports-add blog http:80:5000", "ports:add blog http:80:5000"),
    ],
)
def test_a_word_of_herokus_client_names_the_line_to_type(answer: Callable[..., str], typed: str, meant: str) -> None:
    assert answer(typed) == f" !     Did you mean {meant}?"


def test_without_an_app_its_place_is_named(answer: Callable[..., str]) -> None:
    assert answer("info", who="root") == " !     Did you mean ps:report APP?"
    assert answer("info shop", who="root") == " !     Did you mean ps:report shop?"
    assert answer("info shop") == " !     Did you mean ps:report blog?"


def test_the_host_knows_what_the_client_knows() -> None:
    assert {*elsewhere.HEROKU, *elsewhere.REMOVED} - {*LAPTOP, *VERBS} <= {*HEROKU, *REMOVED}
    assert all(name not in REGISTRY.group("dokkupy.commands") for name in (*HEROKU, *REMOVED))
