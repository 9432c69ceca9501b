"""Where the state keeps releases. Light: reports read a value or two of a record without its model."""

from __future__ import annotations

from dokkupy.host import Host
from dokkupy.model.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def record_path(app: AppName, number: int) -> tuple[str, ...]:
    """Where the state keeps a release. By name in the order of their numbers."""
    return ("apps", app, "releases", f"{number:06d}")


def current_record(host: Host, app: AppName) -> dict[str, Any]:
    """The record of the serving release, for reports that want a value or two of it; empty when there is none."""
    table = host.store.read("apps", app, "deployment")
    return host.store.read(*record_path(app, int(table["release"]))) if table else {}
