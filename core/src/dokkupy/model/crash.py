"""How a process ended that nobody asked to end."""

from __future__ import annotations

from dataclasses import dataclass

from dokkupy.model.names import AppName


@dataclass(frozen=True, slots=True)
class Ending:
    """One end of a container, as the engine remembers it. at: epoch seconds. oom: the kernel killed it because its
    memory was at its limit. stopped: somebody asked the engine to end it."""

    at: float
    exit_code: int
    oom: bool = False
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Crash:
    """A process of an app, or the server of a service, ended without having been asked to.

    subject: `app:blog`, or a service as `postgres:db`. app: the app, None for a service. process: `web.1`, or the
    service's container. exit_code: None where the engine does not remember it; 128 + N after the signal N. oom: it ran
    out of memory. restarts: how often it was started again since it last ran well. at: UTC, RFC 3339. lines: its last
    output, without secrets of services; an app's output may hold anything.
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
        """`SIGKILL` for the exit status 137; empty when no signal ended it."""
        return signal_of(self.exit_code)


def signal_of(exit_code: int | None) -> str:
    import signal

    try:
        return signal.Signals((exit_code or 0) - 128).name
    except ValueError:
        return ""
