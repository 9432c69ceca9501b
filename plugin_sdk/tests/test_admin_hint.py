"""A deployer reads which commands of a hint are an admin's."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy.cli import main as program
from dokkupy.host import Host
from dokkupy_sdk.admin_hint import mark_admins_part
from dokkupy_sdk.cli import Group
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.testing import fake_host

pytestmark = pytest.mark.unit

PROBE = Group("probe", "Commands for keys")


@PROBE.command("mine", permission="app:write")
def mine(host: Host) -> None:
    raise HostError("It failed", hint="Look at it: dokkupy probe:theirs")


@PROBE.command("theirs", permission="host:write")
def theirs(host: Host) -> None: ...


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = fake_host(tmp_path)
    made.store.write("global", "ssh-keys", data={"keys": {"dev": {"role": "deployer", "apps": ["blog"]}}})
    resolve = program.resolve

    def found(host: Host, name: str, rest: list[str]):  # type: ignore[no-untyped-def]
        namespace, _, verb = name.partition(":")
        return (PROBE.commands[verb], rest) if namespace == "probe" else resolve(host, name, rest)

    monkeypatch.setattr(program, "resolve", found)
    return made


def shown(host: Host, hint: str) -> str:
    error = HostError("It failed", hint=hint)
    assert mark_admins_part(host, ["probe:mine"], error) == []
    return error.hint


@pytest.mark.parametrize(
    ("hint", "names"),
    [
        ("Look at it: dokkupy probe:theirs blog", "probe:theirs"),
        ("Wait, or: probe:mine blog, or probe:theirs.", "probe:theirs"),
        ("Set it for all: dokkupy probe:mine --global x", "probe:mine"),
        ("Start it (systemctl start docker), or read its log", "systemctl"),
        ("probe:theirs one, probe:theirs two, journalctl -u docker", "journalctl, probe:theirs"),
    ],
)
def test_a_deployer_reads_what_an_admin_must_do(host: Host, hint: str, names: str) -> None:
    key = host.for_invocation(who="key:dev")
    assert shown(key, hint) == f"{hint.rstrip('.')} (for an admin of the host: {names})"
    assert shown(host, hint) == hint


@pytest.mark.parametrize(
    "hint",
    [
        "",
        "dokkupy probe:mine blog",
        "Ask an admin for: dokkupy probe:theirs",
        "Ask root on the server for: dokkupy probe:theirs",
        "It is postgres:db",
    ],
)
def test_what_a_deployer_may_run_stays(host: Host, hint: str) -> None:
    assert shown(host.for_invocation(who="key:dev"), hint) == hint


def test_the_line_shown_for_a_failed_command_says_it(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["probe:mine"], host=host.for_invocation(who="key:dev")) == 1
    assert "Look at it: dokkupy probe:theirs (for an admin of the host: probe:theirs)" in capsys.readouterr().err
