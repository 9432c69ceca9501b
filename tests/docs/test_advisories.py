"""The table of advisories names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "docs/explanation/advisories.md").read_text()
ROWS = [line.split(" | ") for line in TABLE.splitlines() if line.startswith("| ")][1:]
NAMED = sorted(set(re.findall(r"`([\w./-]+\.py(?:::\w+)?)`", TABLE)))


def test_each_row_has_a_reason_and_names_a_test() -> None:
    assert len(ROWS) > 15
    for row in ROWS:
        assert len(row) == 4, row
        assert ".py" in row[3], row


@pytest.mark.parametrize("name", NAMED)
def test_a_named_test_exists(name: str) -> None:
    path, _, function = name.partition("::")
    text = (ROOT / path).read_text()
    assert not function or re.search(rf"def {function}\(", text), f"{path} has no {function}"
