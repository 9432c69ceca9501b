"""`maintenance:*`. An admin's, because the page can be any index.html of the host."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Group

from dokkupy_maintenance.settings import SETTINGS

group = Group("maintenance", "Serve a maintenance page in the place of an app")

add_property_commands(group, SETTINGS, permission="app:admin")
