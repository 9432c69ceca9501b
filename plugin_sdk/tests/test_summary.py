"""What a distribution says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_sdk.help import summary

pytestmark = pytest.mark.unit


def test_the_summary_is_read_from_the_metadata(tmp_path: Path) -> None:
    (tmp_path / "METADATA").write_text("Metadata-Version: 2.1\nName: sample\nSummary: A sample\n\nSummary: not this\n")
    assert summary(str(tmp_path)) == "A sample"


@pytest.mark.parametrize("text", ["", "Name: sample\n\nSummary: below the headers\n"])
def test_without_one_it_is_empty(tmp_path: Path, text: str) -> None:
    assert summary(str(tmp_path)) == ""
    (tmp_path / "METADATA").write_text(text)
    assert summary(str(tmp_path)) == ""
