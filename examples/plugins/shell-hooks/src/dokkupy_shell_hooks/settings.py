"""The properties of `shell-hooks`. Not a part of releases: a rollback must not bring a hook back that was turned off."""

from __future__ import annotations

from dokkupy_sdk.settings import Property, Settings, boolean, integer

SETTINGS = Settings(
    "shell-hooks",
    Property("enabled", "true", help="Whether the app's hooks run", parse=boolean),
    Property("timeout", "300", help="Seconds after which a hook is ended and has failed", parse=integer(1, 86400)),
)
