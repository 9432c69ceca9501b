"""What the arguments of `backups:*` may be."""

from __future__ import annotations

from typing import Any

import pytest
from dokkupy_backups.names import BackupId, DataSubset, HostName, SubjectName, SubjectOrId, TargetName
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.testing.untrusted import NAMES_OF_NOTHING

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("text", NAMES_OF_NOTHING)
@pytest.mark.parametrize("kind", [SubjectName, TargetName, BackupId, HostName, SubjectOrId])
def test_malicious_names_are_refused(kind: Any, text: str) -> None:
    with pytest.raises(UserError):
        kind(text)


def test_share_of_data_to_read() -> None:
    assert DataSubset("5%") == "5%" and DataSubset("2.5%") == "2.5%"
    for text in ("5", "101%", "-1%", "1/3", "5% --x"):
        with pytest.raises(UserError):
            DataSubset(text)
