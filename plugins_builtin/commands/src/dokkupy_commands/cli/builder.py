"""`builder:*`: which builder makes an app's image, and from which directory."""

from __future__ import annotations

from dokkupy_apps.desired.properties import BUILDER
from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Group, Host
from dokkupy_sdk.names import AppName

group = Group("builder", "Choose the builder of apps")


def report_extra(host: Host, app: AppName | None) -> dict[str, str]:
    from dokkupy_apps.releases.records import current

    release = current(host, app)[0] if app is not None else None
    return {"detected": release.builder if release else ""}


add_property_commands(group, BUILDER, extra=report_extra)
