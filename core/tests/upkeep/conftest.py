"""A host of fakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy.kernel.host import Host
from dokkupy.usecases import retire
from dokkupy_sdk.testing import fake_host


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(retire, "start_detached", lambda host, app: None)
    return fake_host(tmp_path)
