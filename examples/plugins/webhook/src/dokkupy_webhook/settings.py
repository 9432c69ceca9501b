"""The properties of `webhook`."""

from __future__ import annotations

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.settings import Property, Settings, integer, plain


def address(text: str) -> str:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(plain(text))
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in text:
        raise UserError(f"{text[:80]!r} is not an http or https address")
    return text


SETTINGS = Settings(
    "webhook",
    Property("url", help="Where the news is sent", parse=address, secret=True),
    Property("secret", help="Signs the body (HMAC-SHA256)", secret=True),
    Property("timeout", "5", help="Seconds", parse=integer(1, 60)),
)
