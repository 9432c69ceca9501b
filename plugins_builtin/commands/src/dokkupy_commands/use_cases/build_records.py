"""Find, follow and cancel a build of an app."""

from __future__ import annotations

import os
import signal
import time

from dokkupy_apps.builds.records import builds_of
from dokkupy_sdk import Host
from dokkupy_sdk.errors import NotFound
from dokkupy_sdk.execute import reader_left
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

LOOK = 0.3
"""Seconds between two reads of a running build's log."""


def build_of(host: Host, app: AppName, identifier: str) -> dict[str, Any]:
    for facts in builds_of(host, app):
        if facts["id"] == identifier or identifier in ("", "current"):
            return facts
    raise NotFound(f"App {app} has no build {identifier}".rstrip(), hint=f"List them: builds:list {app}")


def log_of(host: Host, app: AppName, identifier: str) -> str:
    facts = build_of(host, app, identifier)
    path = os.path.join(host.path("builds", app), facts["id"] + ".log")
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def follow(host: Host, app: AppName, identifier: str) -> Iterator[str]:
    """The lines that a build printed, and new ones until it ends or the reader disconnects."""
    path = os.path.join(host.path("builds", app), identifier + ".log")
    rest = ""
    with open(path, encoding="utf-8", errors="replace") as file:
        while True:
            runs = (
                build_of(host, app, identifier)["status"] == "running"
            )  # checked before the last read, so that no line is lost
            *lines, rest = (rest + file.read()).split("\n")
            yield from lines
            if not runs:
                break
            if reader_left(1):
                return
            time.sleep(LOOK)
    if rest:
        yield rest


def cancel_build(host: Host, app: AppName) -> dict[str, Any] | None:
    """Ask the running build to roll back. Returns None if no build runs, which is not a failure in Dokku."""
    running = [facts for facts in builds_of(host, app) if facts["status"] == "running"]
    if not running:
        return None
    host.act(f"cancel the build {running[0]['id']}", lambda: os.kill(int(running[0]["pid"]), signal.SIGTERM))
    return running[0]
