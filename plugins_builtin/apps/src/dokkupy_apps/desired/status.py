"""Whether an app should run, or was stopped. Light, because reports and listings ask it."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.state import FormationFile


def should_run(host: Host, app: AppName) -> bool:
    """Whether the app runs unless it fails: `ps:stop` says no."""
    return host.store.load(FormationFile, app).restore
