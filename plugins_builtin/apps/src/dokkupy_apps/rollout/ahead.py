"""Import what a rollout uses while the command waits for a program or the engine: a third of the modules of a push."""

from __future__ import annotations

import threading

from dokkupy_sdk import Host
from dokkupy_sdk.access_log import access_log
from dokkupy_sdk.names import AppName


def load(host: Host, app: AppName) -> None:
    """Import the adapters of an app, and what looks at it after a switch."""
    try:
        host.scheduler(app)
        host.proxy(app)
        access_log(host, app)
        from dokkupy_sdk import reach  # noqa: F401
    except Exception:  # noqa: S110 - the first use of an adapter that cannot be loaded reports it
        pass


def begin_load(host: Host, app: AppName) -> None:
    threading.Thread(target=load, args=(host, app), name="import ahead", daemon=True).start()
