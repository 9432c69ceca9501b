"""`coming-soon:*`. An admin's, because the page can be any index.html of the host."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Group

from dokkupy_coming_soon.settings import SETTINGS

group = Group("coming-soon", "Serve a page that announces an app in the place of an app")

add_property_commands(group, SETTINGS, permission="app:admin")
