"""The properties of `webhook`."""

from __future__ import annotations

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.settings import Property, Settings, integer, plain

MOST = 10
"""Addresses of an app."""


def addresses(text: str) -> str:
    """Web addresses, separated by spaces. Nothing of one is repeated in an error: its path may be a token."""
    words = plain(text).split()
    if len(words) > MOST:
        raise UserError(f"{len(words)} addresses are more than {MOST}")
    for number, word in enumerate(words, 1):
        complaint = what_is_wrong(word)
        if complaint:
            raise UserError(f"Address {number} {complaint}")
    return " ".join(words)


def what_is_wrong(word: str) -> str:
    """What completes "the address ..."; empty when it can be posted to."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(word)
        _ = parts.port  # parsed when it is asked for
    except ValueError:
        return "cannot be parsed"
    if not word.isascii():
        return "has letters that an address has to write as xn-- or %XX"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "is not an http or https address"
    if "@" in parts.netloc:
        return "has a login in it: sign the body instead (the property secret)"
    return ""


SETTINGS = Settings(
    "webhook",
    Property("url", help="Where the news is sent: web addresses, separated by spaces", parse=addresses, secret=True),
    Property("secret", help="Signs the body (HMAC-SHA256)", secret=True),
    Property("timeout", "5", help="Seconds that all addresses together may take", parse=integer(1, 60)),
)
