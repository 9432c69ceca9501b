"""Root becomes the owner of the state."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest
from dokkupy.errors import HostError
from dokkupy.kernel.users import become_owner

NOBODY_HAS = 3_999_999_999
"""A user id that no system gives to a user."""


def test_owner_that_is_no_user_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a restore on another machine, or `userdel`."""
    owner = SimpleNamespace(st_uid=NOBODY_HAS, st_gid=NOBODY_HAS, st_mode=stat.S_IFDIR | 0o755)
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(os, "stat", lambda *_, **__: owner)
    with pytest.raises(HostError, match=f"The user {NOBODY_HAS}, to whom the state in {tmp_path} belongs") as caught:
        become_owner(str(tmp_path))
    assert "dokkupy setup" in caught.value.hint


def test_before_setup_there_is_nobody_to_become(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    become_owner(str(tmp_path / "missing"))
    assert not (tmp_path / "missing").exists()
