"""The results of checks: of the host by `doctor`, of adapters, and of new instances in a deploy."""

from __future__ import annotations

from dokkupy.errors import AppError
from dokkupy.model.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.model.release import Instance, InstanceStatus


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a doctor check. level: ok, warning or error. remedy: what to do; empty when ok."""

    check: str
    level: str
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether an adapter can be used. state: ready, misconfigured or not-installed. reason, remedy: sentences."""

    state: str = "ready"
    reason: str = ""
    remedy: str = ""

    @property
    def ready(self) -> bool:
        return self.state == "ready"


@dataclass(frozen=True, slots=True)
class Job:
    """A scheduled job of a plugin. name: unique in the plugin. every: seconds. run: `module:function`, called with the
    Host. It must be safe to kill it and run it again."""

    name: str
    every: int
    run: str


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
