"""The properties of the namespace `builder-dockerfile`."""

from __future__ import annotations

from dokkupy_sdk.names import RelativePath
from dokkupy_sdk.settings import BUILD, Property, Settings


def path(text: str) -> str:
    return str(RelativePath(text))


SETTINGS = Settings(
    "builder-dockerfile",
    Property(
        "dockerfile-path", "Dockerfile", help="Path of the Dockerfile, relative to the build directory", parse=path
    ),
    applies=BUILD,
)
