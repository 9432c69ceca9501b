"""Names of services: which are accepted and which are refused."""

from __future__ import annotations

import pytest
from dokkupy_sdk.errors import UserError
from dokkupy_services.names import ServiceName

UNTRUSTED = (
    "",
    ";",
    "$(id)",
    "`id`",
    "a|b",
    "a&b",
    "a>b",
    "a\nb",
    "a\rb",
    "a\x00b",
    "\x1b[2J",
    "'",
    '"',
    "\\",
    "*",
    "?",
    "~",
    "{a,b}",
    "${IFS}",
    "-rf",
    "--privileged",
    ".",
    "..",
    "/",
    "a/b",
    "%2e%2e",
    "\uff0f",
    "\u00e9",
    "\u202e",
    "a" * 4096,
    "-a",
    "a.",
    "a.b",
)


# names and options


@pytest.mark.parametrize("text", UNTRUSTED)
def test_a_malicious_name_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        ServiceName(text)


@pytest.mark.parametrize("text", ["db", "DB_2", "a-b", "0", "a" * 48])
def test_name_that_dokku_accepts_is_accepted(text: str) -> None:
    assert ServiceName(text) == text
