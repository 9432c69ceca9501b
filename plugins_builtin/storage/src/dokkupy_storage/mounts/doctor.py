"""The doctor's findings about apps' mounts."""

from __future__ import annotations

from collections.abc import Iterator

from dokkupy_sdk import Host
from dokkupy_sdk.diagnosis import FACT, Cause
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.many import over_each
from dokkupy_sdk.model import Finding
from dokkupy_sdk.names import AppName
from dokkupy_sdk.text import counted

from dokkupy_storage.mounts.mounting import require_intact
from dokkupy_storage.records import mounts_of


def causes(host: Host, app: AppName) -> Iterator[Cause]:
    try:
        require_intact(host, app)
    except DokkupyError as error:
        yield Cause(error.message, (remedy(app, error),), sure=FACT)


def remedy(app: AppName, error: DokkupyError) -> str:
    return f"{error.hint} From a backup: backups:restore app:{app}"


def findings(host: Host) -> list[Finding]:
    """No finding if no app mounts anything."""
    apps = [app for app in host.store.apps() if host.store.has_file("apps", app, "storage")]
    _, failed = over_each(apps, lambda app: require_intact(host, app))
    found = []
    for app, error in failed:
        hint = remedy(app, error) if isinstance(error, DokkupyError) else ""
        found.append(Finding("storage", "error", f"{app}: {error}", hint))
    mounts = sum(len(mounts_of(host, app)) for app in apps) if not found else 0
    return found or (
        [
            Finding(
                "storage", "ok", f"the directories of {counted(mounts, 'mount')} of {counted(len(apps), 'app')} exist"
            )
        ]
        if mounts
        else []
    )
