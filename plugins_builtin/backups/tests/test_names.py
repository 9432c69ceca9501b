"""What the arguments of `backups:*` may be."""

from __future__ import annotations

from typing import Any

import pytest
from dokkupy_backups.names import BackupId, DataSubset, HostName, SubjectName, SubjectOrId, TargetName
from dokkupy_sdk.errors import UserError

pytestmark = pytest.mark.unit

UNTRUSTED = (
    "",
    ";id",
    "$(id)",
    "`id`",
    "a|b",
    "a&b",
    "a\nb",
    "a\rb",
    "a\0b",
    "a b",
    "'",
    '"',
    "\\",
    "*",
    "~",
    "{a,b}",
    "${IFS}",
    "-rf",
    "--privileged",
    ".",
    "..",
    "../x",
    "/",
    "%2e%2e",
    "\uff0f",
    "\u202e",
    "x" * 4096,
    "a/../b",
)


@pytest.mark.parametrize("text", UNTRUSTED)
@pytest.mark.parametrize("kind", [SubjectName, TargetName, BackupId, HostName, SubjectOrId])
def test_malicious_names_are_refused(kind: Any, text: str) -> None:
    with pytest.raises(UserError):
        kind(text)


def test_share_of_data_to_read() -> None:
    assert DataSubset("5%") == "5%" and DataSubset("2.5%") == "2.5%"
    for text in ("5", "101%", "-1%", "1/3", "5% --x"):
        with pytest.raises(UserError):
            DataSubset(text)
