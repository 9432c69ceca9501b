"""Settings: properties declared once."""

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

__all__ = [
    "AT_ONCE",
    "BUILD",
    "NEXT_DEPLOY",
    "RESTART",
    "ROUTE",
    "Applies",
    "Property",
    "Settings",
    "boolean",
    "integer",
    "matching",
    "one_of",
    "properties_of",
    "property_of",
    "plain",
    "require_choice",
]
