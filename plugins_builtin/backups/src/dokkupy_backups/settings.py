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
        help="Smallest accepted size of a dump, in percent of the previous one; 0: any size",
    ),
    Property(
        "upload-limit",
        "",
        scope="global",
        parse=integer(1, 10_000_000),
        help="Upload limit of restic in KiB per second; empty: no limit",
    ),
    Property(
        "safety-days",
        "30",
        scope="global",
        parse=integer(1, 3650),
        help="Days for which to keep the backup that a restore makes first",
    ),
)
