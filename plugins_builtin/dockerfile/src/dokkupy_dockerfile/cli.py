"""The commands of the namespace `builder-dockerfile`."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Group

from dokkupy_dockerfile.settings import SETTINGS

group = Group("builder-dockerfile", "Settings of the builder dockerfile")
add_property_commands(group, SETTINGS, beyond=("allowed-frontends",))
