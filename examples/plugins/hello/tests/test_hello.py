"""The whole plugin on a host of fakes: no Docker, no root, milliseconds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.testing import RecordingConsole, fake_host

TREE = {"Dockerfile": "FROM scratch", "Procfile": "web: serve"}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return fake_host(tmp_path, plugins=("hello",))


def test_a_deploy_ends_with_hello(host: Host) -> None:
    deploy(host, "blog", TREE)
    assert isinstance(host.out, RecordingConsole)
    assert ("detail", "Hello from blog") in host.out.lines


def test_an_app_says_hello_on_demand(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    deploy(host, "blog", TREE)
    assert main(["hello:greet", "blog"], host=host) == 0
    assert capsys.readouterr().out == "Hello from blog\n"
    assert main(["hello:greet", "blog", "--format", "json"], host=host) == 0
    assert json.loads(capsys.readouterr().out) == {"app": "blog", "greeting": "Hello from blog"}


def test_an_app_that_is_not_there_does_not(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hello:greet", "nobody"], host=host) == 20
    assert "App nobody does not exist" in capsys.readouterr().err
