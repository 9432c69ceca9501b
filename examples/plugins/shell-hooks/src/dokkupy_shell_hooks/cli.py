"""`shell-hooks:set` and `shell-hooks:report`."""

from __future__ import annotations

from dokkupy_sdk.cli import Group
from dokkupy_sdk.settings import add_property_commands

from dokkupy_shell_hooks.settings import SETTINGS

group = Group("shell-hooks", "Run an app's own hooks")

add_property_commands(group, SETTINGS)
