"""Whether an app should run or was stopped. This module imports little, because reports and lists use it."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.state import FormationFile


def should_run(host: Host, app: AppName) -> bool:
    """Whether the app should run. False after `ps:stop`."""
    return host.store.load(FormationFile, app).restore
