"""Settings: properties declared once, and the commands that they give for nothing."""

from dokkupy.kernel.settings import (
    AT_ONCE,
    BUILD,
    NEXT_DEPLOY,
    RESTART,
    ROUTE,
    Applies,
    Property,
    Settings,
    boolean,
    integer,
    matching,
    one_of,
    plain,
    properties_of,
    property_of,
    require_choice,
)

from dokkupy_sdk.property_commands import add_property_commands

__all__ = [
    "AT_ONCE",
    "BUILD",
    "NEXT_DEPLOY",
    "RESTART",
    "ROUTE",
    "Applies",
    "Property",
    "Settings",
    "add_property_commands",
    "boolean",
    "integer",
    "matching",
    "one_of",
    "properties_of",
    "property_of",
    "plain",
    "require_choice",
]
