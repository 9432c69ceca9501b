"""Notifications of crashes."""

from __future__ import annotations

import time

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.hooks import on_process_crashed
from dokkupy_sdk.model import Crash
from dokkupy_sdk.names import AppName

from dokkupy_host.supervise.watched import Watched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

LAST_LINES, LONGEST_LINE = 10, 500
"""Number of output lines in the report of a crash, and characters of each."""


def announce(host: Host, crash: Crash) -> None:
    """Record an event, and notify the observers. `logs` shows the event among an app's output."""
    facts = {"app": str(crash.app)} if crash.app is not None else {"service": crash.subject}
    host.events.record(
        "process_crashed",
        **facts,
        process=crash.process,
        exit_code="" if crash.exit_code is None else str(crash.exit_code),
        signal=crash.signal,
        oom="true" if crash.oom else "",
        restarts=str(crash.restarts),
        lines="\n".join(crash.lines),
    )
    host.hooks.notify(on_process_crashed, host=host, crash=crash)


def last_lines(logs: Callable[..., Iterable[tuple[str, bytes]]], of: object) -> tuple[str, ...]:
    """The last output of an instance or a container; empty if it was removed. logs: the scheduler's or the engine's."""
    try:
        return tuple(line.decode(errors="replace")[:LONGEST_LINE] for _, line in logs(of, tail=LAST_LINES))
    except DokkupyError:
        return ()


def crash_of(watched: Watched, subject: str, process: str, lines: Sequence[str], app: AppName | None = None) -> Crash:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(watched.last))
    return Crash(subject, app, process, watched.exit_code, watched.oom, watched.total, at, tuple(lines))
