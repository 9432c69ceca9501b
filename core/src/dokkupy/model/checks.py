"""What was found when health was asked for: of the host, for `doctor`, and of instances, in a deploy."""

from __future__ import annotations

from dataclasses import dataclass

from dokkupy.errors import AppError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.model.release import Instance, InstanceStatus


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a doctor check. level: ok, warning or error. remedy: what to do, empty when ok."""

    check: str
    level: str
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What an adapter says of itself. state: ready, misconfigured or not-installed; reason and remedy in words."""

    state: str = "ready"
    reason: str = ""
    remedy: str = ""

    @property
    def ready(self) -> bool:
        return self.state == "ready"


@dataclass(frozen=True, slots=True)
class Job:
    """Time-driven work of a plugin. name: unique in the plugin. every: seconds. run: `module:function`, called with
    the Host; it must be safe to be killed and run again."""

    name: str
    every: int
    run: str


class CheckFailed(AppError):
    """Instances did not become healthy. instances: those at fault, whose last log lines core shows. states: what they
    were when they failed, where that is known: afterwards they are stopped, or started again."""

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
