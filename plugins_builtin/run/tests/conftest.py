"""A host of fakes, and the command line on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy.host import Host
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import Ran as Ran
from dokkupy_sdk.testing.command_line import Run, command_line


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path, plugins=("disk",))
    host.store.write("global", "domains", data={"vhosts": ["example.com"]})
    return host


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return command_line(host, capsys, monkeypatch)
