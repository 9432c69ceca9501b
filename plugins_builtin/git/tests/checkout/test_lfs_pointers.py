"""Pointers of Git LFS are named, whatever the builder: their content is on another server."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_git import hooks
from dokkupy_git.checkout.lfs_pointers import pointers, warning
from dokkupy_sdk import Host
from dokkupy_sdk.model import Source
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import RecordingConsole

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "4d7a2146" * 8 + "\nsize 12345\n"


def test_a_pointer_is_found_by_its_content_wherever_it_lies(tmp_path: Path) -> None:
    for name in ("model.bin", "assets/deep/logo.png", ".git/lfs", "large.txt", "short.txt", "image.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    for name in ("model.bin", "assets/deep/logo.png", ".git/lfs"):
        (tmp_path / name).write_text(POINTER)
    (tmp_path / "large.txt").write_text(POINTER + "x" * 2000)
    (tmp_path / "short.txt").write_text("version https://git-lfs")
    (tmp_path / "image.png").write_bytes(b"\x89PNG" * 40)
    (tmp_path / "link.bin").symlink_to("model.bin")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert pointers(tmp_path) == ["assets/deep/logo.png", "model.bin"]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, ""),
        (1, "a0 is a Git LFS pointer: "),
        (2, "a0, a1 are Git LFS pointers"),
        (5, "a0, a1, a2 and 2 more are Git LFS pointers"),
    ],
)
def test_one_line_names_them(count: int, expected: str) -> None:
    line = warning([f"a{number}" for number in range(count)])
    assert line.startswith(expected) and "\n" not in line and bool(line) == bool(count)


def test_a_deploy_says_it_once(tmp_path: Path) -> None:
    (tmp_path / "evil\x1b[2J.bin").write_text(POINTER)
    console = RecordingConsole()
    host = Host(str(tmp_path / "root"), out=console)
    hooks.post_source_receive(host, Source(AppName("blog"), tmp_path, "git-hook"))
    assert [kind for kind, _ in console.lines] == ["warn"]
    assert "\x1b" not in console.text()
