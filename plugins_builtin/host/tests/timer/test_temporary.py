"""Temporary files that ended programs left."""

from __future__ import annotations

import os
from pathlib import Path

from dokkupy_host.timer.temporary import remove_left_over
from dokkupy_sdk import Host
from dokkupy_sdk.files import scratch_directory


def test_files_of_ended_programs_are_removed_and_new_files_stay(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    children = tmp_path / "tmp" / "children"
    (children / "old" / "inner").mkdir(parents=True)
    (children / "new").write_text("used")
    os.utime(children / "old", (0, 0))
    with scratch_directory(str(tmp_path / "tmp" / "certbot")) as used:
        abandoned = tmp_path / "tmp" / "certbot" / "abandoned"
        abandoned.mkdir()
        assert remove_left_over(host) == ["removed 1 temporary files of programs that have ended"]
        assert os.path.isdir(used)
        assert not abandoned.exists()
    assert [path.name for path in children.iterdir()] == ["new"]
