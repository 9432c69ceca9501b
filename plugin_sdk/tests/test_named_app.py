"""The hint of an error names the app of the command that failed."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy.cli import main as program
from dokkupy.cli.declare import Annotated, Arg, Group
from dokkupy.errors import AppError, DokkupyError, UserError
from dokkupy.host import Host
from dokkupy.model.names import AppName
from dokkupy_sdk.named_app import name_app
from dokkupy_sdk.testing import fake_host

pytestmark = pytest.mark.unit

GROUP = Group("probe", "A command that fails")


@GROUP.command("run", permission="app:write")
def run(host: Host, app: Annotated[AppName, Arg("app")], word: Annotated[str, Arg("word")]) -> None:
    raise AppError("It failed", hint="probe:run APP again; MY-APP and APPS stay")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = fake_host(tmp_path)
    for app in ("blog", "shop"):
        made.store.write("apps", app, "app", data={"created_at": "now"})
    made.store.write("global", "ssh-keys", data={"keys": {"dev": {"role": "deployer", "apps": ["blog"]}}})
    resolve = program.resolve

    def found(host: Host, name: str, rest: list[str]):  # type: ignore[no-untyped-def]
        return (GROUP.commands["run"], rest) if name == "probe:run" else resolve(host, name, rest)

    monkeypatch.setattr(program, "resolve", found)
    return made


def hint(host: Host, *words: str, error: DokkupyError | None = None) -> str:
    error = error or UserError("x", hint="probe:run APP again; MY-APP and APPS stay")
    assert name_app(host, list(words), ExceptionGroup("two", [error])) == []
    return error.hint


def test_the_app_stands_in_the_place_of_app(host: Host) -> None:
    named = "probe:run blog again; MY-APP and APPS stay"
    assert hint(host, "probe:run", "blog", "x") == hint(host, "--app", "blog", "probe:run", "x") == named
    assert hint(host, "--quiet", "probe:run", "x", "--app=blog") == named


def test_a_line_without_an_app_keeps_its_hint(host: Host) -> None:
    for words in ((), ("version",), ("no-such",), ("probe:run",), ("probe:run", "nope", "x")):
        assert hint(host, *words).startswith("probe:run APP again")


def test_a_key_learns_nothing_about_the_apps_of_others(host: Host) -> None:
    key = host.for_invocation(who="key:dev")
    assert hint(key, "probe:run", "blog", "x").startswith("probe:run blog")
    assert hint(key, "probe:run", "shop", "x") == hint(key, "probe:run", "nope", "x")


def test_the_line_shown_for_a_failed_command_is_complete(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["probe:run", "blog", "x"], host=host) == 1
    assert capsys.readouterr().err == " !     It failed\n !     probe:run blog again; MY-APP and APPS stay\n"
