"""The error tree; see `dokkupy.errors`."""

from __future__ import annotations

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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.model.release import Instance, InstanceStatus

__all__ = [
    "AppError",
    "AppNotFound",
    "Busy",
    "CheckFailed",
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


class CheckFailed(AppError):
    """Instances did not become healthy. instances: those that failed, whose last log lines core shows. states: their
    states when they failed, if known, because afterwards they are stopped or restarted."""

    code = "check_failed"

    def __init__(
        self,
        message: str,
        *,
        instances: tuple[Instance, ...] = (),
        states: tuple[InstanceStatus, ...] = (),
        hint: str = "",
        details: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, hint=hint, details=details)
        self.instances = instances
        self.states = states
