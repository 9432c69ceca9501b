"""The error tree; see `dokkupy.errors`."""

from dokkupy.errors import (
    AppFault,
    AppNotFound,
    Busy,
    CheckFailed,
    Conflict,
    Denied,
    DokkupyError,
    HostFault,
    Interrupted,
    NotFound,
    PluginFault,
    StateFault,
    UserError,
)

__all__ = [
    "AppFault",
    "AppNotFound",
    "Busy",
    "CheckFailed",
    "Conflict",
    "Denied",
    "DokkupyError",
    "HostFault",
    "Interrupted",
    "NotFound",
    "PluginFault",
    "StateFault",
    "UserError",
]
