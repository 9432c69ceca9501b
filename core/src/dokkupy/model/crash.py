"""Crashes: how processes ended that nobody had stopped."""

from __future__ import annotations

from dokkupy.model.names import AppName
from dokkupy.model.values import dataclass


@dataclass(frozen=True, slots=True)
class Ending:
    """One end of a container, from the engine's memory. at: epoch seconds. oom: the kernel killed it at its memory limit.
    stopped: the engine was asked to stop it."""

    at: float
    exit_code: int
    oom: bool = False
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Crash:
    """A process of an app, or the server of a service, ended although nobody stopped it.

    subject: `app:blog`, or a service such as `postgres:db`. app: None for a service. process: `web.1`, or the service's
    container. exit_code: None if the engine does not remember it; 128 + N after signal N. oom: it ran out of memory.
    restarts: how often it was restarted since it last ran well. at: UTC, RFC 3339. lines: its last output, without
    secrets of services; an app's output may contain anything.
    """

    subject: str
    app: AppName | None
    process: str
    exit_code: int | None
    oom: bool
    restarts: int
    at: str
    lines: tuple[str, ...] = ()

    @property
    def signal(self) -> str:
        """`SIGKILL` for the exit status 137; empty if no signal ended it."""
        return signal_of(self.exit_code)


def signal_of(exit_code: int | None) -> str:
    import signal

    try:
        return signal.Signals((exit_code or 0) - 128).name
    except ValueError:
        return ""
