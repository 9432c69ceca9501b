"""A host of fakes. Instances are retired in the test's own process."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy.host import Host
from dokkupy.kernel import failpoints
from dokkupy_sdk.testing import fake_host


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(failpoints, "_passed", 0)
    host = fake_host(tmp_path)
    host.store.write("global", "domains", data={"vhosts": ["example.com"]})
    return host
