"""The results of checks: of the host by `doctor`, and of adapters; and what the timer runs."""

from __future__ import annotations

from dokkupy.model.values import dataclass


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
