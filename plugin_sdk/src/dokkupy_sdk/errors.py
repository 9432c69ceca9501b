"""The error tree; see `dokkupy.errors`."""

from dokkupy.errors import (
    AppError,
    AppNotFound,
    Busy,
    Conflict,
    Denied,
    DokkupyError,
    HostError,
    Interrupted,
    NotFound,
    PluginError,
    StateError,
    UserError,
    as_errors,
)

__all__ = [
    "AppError",
    "AppNotFound",
    "Busy",
    "Conflict",
    "Denied",
    "DokkupyError",
    "HostError",
    "Interrupted",
    "NotFound",
    "PluginError",
    "StateError",
    "UserError",
    "as_errors",
]
