"""The process that serves all drains. It runs only while a sink is set. A command that sets one starts it, the timer starts
it again if it died, and it ends for a new process when the settings or its own code change."""

from __future__ import annotations

import os
import signal
import time

from dokkupy_sdk import Host, locks
from dokkupy_sdk.errors import Busy

from dokkupy_logs.drain.wanted import wanted_drains

LOCK = "log-drains"
LOOK = 2
"""Seconds between checks of the settings, after each of which the state is saved."""


def ensure(host: Host) -> None:
    """Start the process if it should run and does not."""
    if wanted_drains(host) and not locks.holder(host.root, LOCK):
        host.spawn("logs:drain")


def serve(host: Host, *, seconds: float | None = None) -> None:
    """Serve the drains until they change. seconds: the maximum time."""
    from dokkupy_logs.drain.drain import Drain

    try:
        lock = host.lock(LOCK, wait=0)
    except Busy:
        return
    began, code = time.monotonic(), code_stamp()
    try:
        wanted = wanted_drains(host)
        drains = [Drain(host, one) for one in wanted]
        for one in drains:
            one.start()
        while drains and wanted_drains(host) == wanted and code_stamp() == code:
            if seconds is not None and time.monotonic() - began >= seconds:
                break
            time.sleep(min(LOOK, seconds or LOOK))
            for one in drains:
                one.save()
        for one in drains:
            one.over.set()
            one.save()
    finally:
        lock.release()
    if seconds is None:
        ensure(host)


def end(host: Host, *, dry_run: bool) -> list[str]:
    """End the process if it runs; returns a line about it."""
    pid = locks.holder(host.root, LOCK).get("pid")
    if not isinstance(pid, int):
        return []
    if not dry_run:
        os.kill(pid, signal.SIGTERM)
    return ["end the process that sends lines of apps to their sinks"]


def code_stamp() -> float:
    try:
        return os.stat(__file__).st_mtime
    except FileNotFoundError:
        return 0.0
