"""The properties of `services:set`. Apart from what they are for, because each deploy reads the settings of all plugins."""

from __future__ import annotations

from dokkupy_sdk.settings import Property, Settings, integer

SETTINGS = Settings(
    "services",
    Property(
        "trash-days",
        "7",
        help="Days for which the data of a destroyed service is kept",
        scope="global",
        parse=integer(0, 3650),
    ),
    Property(
        "previous-days",
        "7",
        help="Days for which the instance before an upgrade or import is kept",
        scope="global",
        parse=integer(0, 3650),
    ),
)
