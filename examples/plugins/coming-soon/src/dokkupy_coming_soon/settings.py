"""The property of `coming-soon`. The proxy reads it, so a change is in force at once."""

from __future__ import annotations

from dokkupy_sdk.settings import ROUTE, Property, Settings, plain

SETTINGS = Settings(
    "coming-soon",
    Property(
        "directory", help="The directory on the host with the index.html that is served; empty: none", parse=plain
    ),
    applies=ROUTE,
)
