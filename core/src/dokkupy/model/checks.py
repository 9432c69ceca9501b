"""Facts about the host's health, for `doctor`."""

from __future__ import annotations

from dataclasses import dataclass


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
