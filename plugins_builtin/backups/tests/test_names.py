"""What the arguments of `backups:*` may be."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from dokkupy_backups.names import BackupId, DataSubset, HostName, SubjectName, SubjectOrId, TargetName
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.testing.untrusted import NAMES_OF_NOTHING

from tests.architecture.each import for_each

pytestmark = pytest.mark.unit


KINDS: tuple[Callable[[str], object], ...] = (SubjectName, TargetName, BackupId, HostName, SubjectOrId)


@for_each(list(itertools.product(KINDS, NAMES_OF_NOTHING)), ascii)
def test_malicious_names_are_refused(one: tuple[Callable[[str], object], str]) -> None:
    kind, text = one
    with pytest.raises(UserError):
        kind(text)


def test_share_of_data_to_read() -> None:
    assert DataSubset("5%") == "5%" and DataSubset("2.5%") == "2.5%"
    for text in ("5", "101%", "-1%", "1/3", "5% --x"):
        with pytest.raises(UserError):
            DataSubset(text)
