"""`key-scan:*`."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Group

from dokkupy_key_scan.settings import SETTINGS

group = Group("key-scan", "Refuse to build code with a private key in it")

add_property_commands(group, SETTINGS)
