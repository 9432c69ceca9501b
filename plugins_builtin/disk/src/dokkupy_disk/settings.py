"""How full the disk may become, and how much of it an app may use."""

from __future__ import annotations

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import shown
from dokkupy_sdk.settings import Property, Settings, integer, one_of

NONE = "none"
WARN, STOP = "warn", "stop"


def size(text: str) -> str:
    """`none`, or a size with its unit."""
    from dokkupy_sdk.sizes import bytes_of

    if text != NONE and (text.strip().isdigit() or not bytes_of(text)):
        raise UserError(f"{shown(text)} is not a size such as 500m or 2g, or {NONE}")
    return text


def share(text: str) -> str:
    """`none`, or a share of the disk."""
    number = text.removesuffix("%")
    if text != NONE and not (text.endswith("%") and number.isascii() and number.isdigit() and 1 <= int(number) <= 100):
        raise UserError(f"{shown(text)} is not a percentage of the disk such as 85%, or {NONE}")
    return text


SETTINGS = Settings(
    "disk",
    Property(
        "watermark",
        "90%",
        help="Share of a disk that may be used; above it dokkupy removes caches and refuses builds",
        scope="global",
        parse=share,
    ),
    Property(
        "reserve",
        "500m",
        help="Space that always stays free on a disk, for the databases and the state",
        scope="global",
        parse=size,
    ),
    Property(
        "when-full",
        WARN,
        help="What happens to the app whose containers wrote most to a disk that stays above its watermark: warn or stop",
        parse=one_of(WARN, STOP),
    ),
    Property("budget", NONE, help="Disk space that an app may use in total", parse=size),
    Property(
        "cache-days",
        "14",
        help="Days after which an unused build cache is removed",
        scope="global",
        parse=integer(1, 3650),
    ),
)
