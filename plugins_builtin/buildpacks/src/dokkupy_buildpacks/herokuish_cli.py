"""`builder-herokuish:*` (reference, section 1.3). In dokkupy, herokuish is another name of the built-in buildpacks."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Group

from dokkupy_buildpacks.herokuish import HEROKUISH

group = Group("builder-herokuish", "Settings of the built-in buildpacks, by Dokku's name")

add_property_commands(group, HEROKUISH)
