"""The property of the namespace `builder-herokuish`. This module imports little, because its commands load it."""

from __future__ import annotations

from dokkupy_sdk.settings import BUILD, Property, Settings, boolean

HEROKUISH = Settings(
    "builder-herokuish",
    Property("allowed", "true", help="Whether the built-in buildpacks may build the app", parse=boolean),
    applies=BUILD,
)
