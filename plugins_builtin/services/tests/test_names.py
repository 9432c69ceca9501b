"""Names of services: which are accepted and which are refused."""

from __future__ import annotations

import pytest
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.testing.untrusted import NAMES_OF_NOTHING
from dokkupy_services.names import ServiceName

from tests.architecture.each import for_each

UNTRUSTED = (*NAMES_OF_NOTHING, "-a", "a.", "a.b")


# names and options


@for_each(UNTRUSTED, ascii)
def test_a_malicious_name_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        ServiceName(text)


@pytest.mark.parametrize("text", ["db", "DB_2", "a-b", "0", "a" * 48])
def test_name_that_dokku_accepts_is_accepted(text: str) -> None:
    assert ServiceName(text) == text
