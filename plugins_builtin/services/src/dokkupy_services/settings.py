"""The properties of `services:set`. They are in a separate module, because each deploy reads the settings of all
plugins."""

from __future__ import annotations

from dokkupy_sdk.settings import Property, Settings, integer

SETTINGS = Settings(
    "services",
    Property(
        "trash-days",
        "7",
        help="Days for which to keep the data of a destroyed service",
        scope="global",
        parse=integer(0, 3650),
    ),
    Property(
        "previous-days",
        "7",
        help="Days for which to keep the previous instance after an upgrade or import",
        scope="global",
        parse=integer(0, 3650),
    ),
)
