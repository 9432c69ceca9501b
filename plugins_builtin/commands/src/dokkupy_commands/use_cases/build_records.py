"""One build of an app: found, read and cancelled."""

from __future__ import annotations

import os
import signal

from dokkupy_apps.builds.records import builds_of
from dokkupy_sdk import Host
from dokkupy_sdk.errors import NotFound
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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


def cancel_build(host: Host, app: AppName) -> dict[str, Any] | None:
    """Ask the running build to roll itself back; None when none runs, which Dokku does not count as a failure."""
    running = [facts for facts in builds_of(host, app) if facts["status"] == "running"]
    if not running:
        return None
    host.act(f"cancel the build {running[0]['id']}", lambda: os.kill(int(running[0]["pid"]), signal.SIGTERM))
    return running[0]
