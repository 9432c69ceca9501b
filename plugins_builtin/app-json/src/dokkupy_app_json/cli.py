"""The commands of the namespace `app-json`."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Group

from dokkupy_app_json.settings import SETTINGS

group = Group("app-json", "Settings of app.json")
add_property_commands(group, SETTINGS)
