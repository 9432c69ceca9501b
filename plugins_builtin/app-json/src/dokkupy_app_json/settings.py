"""The property of the namespace `app-json`."""

from __future__ import annotations

from dokkupy_sdk.names import RelativePath
from dokkupy_sdk.settings import BUILD, Property, Settings


def path(text: str) -> str:
    return str(RelativePath(text))


SETTINGS = Settings(
    "app-json",
    Property(
        "appjson-path",
        "app.json",
        help="Path of app.json, relative to the build directory",
        parse=path,
        in_release=True,
        applies=BUILD,
    ),
)
