"""A host of fakes, and the command line on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy.host import Host
from dokkupy_host.audit import first_key
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import Ran as Ran
from dokkupy_sdk.testing.command_line import Run, command_line


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    # Not the machine's own, on which the tests may run.
    monkeypatch.setattr(first_key, "PATH", str(tmp_path / "etc" / "audit.first-key"))
    return fake_host(tmp_path)


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return command_line(host, capsys, monkeypatch)
