"""The properties of all storage."""

from __future__ import annotations

from dokkupy_sdk.settings import Property, Settings, integer

SETTINGS = Settings(
    "storage",
    Property(
        "trash-days",
        "7",
        help="Days for which to keep the directory of a destroyed entry",
        scope="global",
        parse=integer(0, 3650),
    ),
)
