"""git without the machine's own settings."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def git_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
