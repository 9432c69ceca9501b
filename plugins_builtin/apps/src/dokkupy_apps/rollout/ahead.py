"""Import what a deploy uses while the command waits for a program or the engine: a third of the modules of a push."""

from __future__ import annotations

import threading
from collections.abc import Callable

from dokkupy_sdk import Host
from dokkupy_sdk.access_log import access_log
from dokkupy_sdk.builder import builder_of
from dokkupy_sdk.names import AppName

from dokkupy_apps.releases.records import current


def load(host: Host, app: AppName, *, is_over: Callable[[], bool] = bool) -> None:
    """Import the adapters of an app in the order of their use, and what looks at it after a switch. is_over: asked before
    each whether to leave the others out."""

    def builder() -> None:
        release, _ = current(host, app)
        if release is not None and release.builder:
            builder_of(host, release.builder)
        host.builds()

    def reach() -> None:
        from dokkupy_sdk import reach  # noqa: F401

    steps = builder, lambda: host.scheduler(app), lambda: host.proxy(app), lambda: access_log(host, app), reach
    for step in steps:
        if is_over():
            return
        try:
            step()
        except Exception:  # noqa: S110 - the first use of an adapter that cannot be loaded reports it
            pass


def begin_load(host: Host, app: AppName) -> None:
    threading.Thread(target=load, args=(host, app), name="import ahead", daemon=True).start()
