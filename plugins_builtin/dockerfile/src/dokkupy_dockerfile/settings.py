"""The properties of the namespace `builder-dockerfile`."""

from __future__ import annotations

from dokkupy_sdk.names import RelativePath
from dokkupy_sdk.settings import BUILD, Property, Settings


def path(text: str) -> str:
    return str(RelativePath(text))


SETTINGS = Settings(
    "builder-dockerfile",
    Property("dockerfile-path", "Dockerfile", help="Where the Dockerfile is, relative to the build's root", parse=path),
    applies=BUILD,
)
