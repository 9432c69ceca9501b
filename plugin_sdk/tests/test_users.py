"""Root reads what the caller names, and then is root no more."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_sdk import users
from dokkupy_sdk.testing import fake_host

pytestmark = pytest.mark.unit


def test_root_becomes_the_owner_after_reading_and_when_reading_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[str] = []
    monkeypatch.setattr(users, "become_owner", became.append)
    host = fake_host(tmp_path)

    def read() -> str:
        assert became == []
        return "text"

    assert users.as_caller(host, read) == "text"
    assert became == [host.root]
    with pytest.raises(OSError):
        users.as_caller(host, lambda: (tmp_path / "none").read_text())
    assert became == [host.root] * 2
