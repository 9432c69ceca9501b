"""`builder:*`: which builder makes an app's image, from which directory."""

from __future__ import annotations

from dokkupy.cli.declare import Group
from dokkupy.cli.properties import add_property_commands
from dokkupy.kernel.host import Host
from dokkupy.model.names import AppName
from dokkupy.usecases.properties import BUILDER

group = Group("builder", "Choose the builder of apps")


def report_extra(host: Host, app: AppName | None) -> dict[str, str]:
    from dokkupy.usecases.releases import current

    release = current(host, app)[0] if app is not None else None
    return {"detected": release.builder if release else ""}


add_property_commands(group, BUILDER, extra=report_extra)
