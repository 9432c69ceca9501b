"""The properties of `shell-hooks`."""

from __future__ import annotations

from dokkupy_sdk.settings import Property, Settings, boolean, integer

SETTINGS = Settings(
    "shell-hooks",
    Property("enabled", "true", help="Whether the app's hooks run", parse=boolean),
    Property("timeout", "300", help="Seconds after which a hook has failed", parse=integer(1, 86400)),
)
