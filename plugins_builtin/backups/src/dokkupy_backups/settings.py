"""The properties of `backups:set`."""

from __future__ import annotations

from dokkupy_sdk.settings import Property, Settings, integer

SETTINGS = Settings(
    "backups",
    Property(
        "smallest-percent",
        "50",
        scope="global",
        parse=integer(0, 100),
        help="A dump smaller than this share of the last one is refused; 0 for never",
    ),
    Property(
        "upload-limit",
        "",
        scope="global",
        parse=integer(1, 10_000_000),
        help="KiB a second that restic may send; empty for no limit",
    ),
    Property(
        "safety-days",
        "30",
        scope="global",
        parse=integer(1, 3650),
        help="Days for which the backup is kept that a restore takes first",
    ),
)
