"""What removes something finds room on a full disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dokkupy_sdk.operation import operation
from dokkupy_sdk.reserve import BYTES, FILES, fill_reserve, use_reserve
from dokkupy_sdk.testing import fake_host

pytestmark = pytest.mark.unit


def disk(mib: int, inodes: int = 10_000) -> os.statvfs_result:
    return os.statvfs_result((4096, 1 << 20, 100, mib, mib, 10_000, inodes, inodes, 0, 255))


def sizes(root: Path) -> list[int]:
    return [path.stat().st_size for path in root.joinpath("reserve").glob("*")]


@pytest.mark.parametrize("full", [disk(0), disk(100, inodes=0)])
def test_only_an_operation_that_removes_something_uses_the_reserve_of_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: os.statvfs_result
) -> None:
    host = fake_host(tmp_path)
    root = Path(host.root)
    monkeypatch.setattr(os, "statvfs", lambda path: disk(100))
    fill_reserve(host.root)
    assert sizes(root) == [BYTES] * FILES
    use_reserve(host.root)
    with operation(host, "remove", "host", takes_away=True):
        assert len(sizes(root)) == FILES
    monkeypatch.setattr(os, "statvfs", lambda path: full)
    with operation(host, "add", "host"):
        assert len(sizes(root)) == FILES
    with operation(host, "remove", "host", takes_away=True):
        assert sizes(root) == []
    fill_reserve(host.root)
    assert sizes(root) == []
