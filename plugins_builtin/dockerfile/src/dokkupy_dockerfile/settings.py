"""The properties of the namespace `builder-dockerfile`."""

from __future__ import annotations

from dokkupy_sdk.names import RelativePath
from dokkupy_sdk.settings import BUILD, Property, Settings, matching


def path(text: str) -> str:
    return str(RelativePath(text))


def images(text: str) -> str:
    """Names of images, separated by commas."""
    return ",".join(image(name.strip()) for name in text.split(",") if name.strip())


image = matching(r"[a-z0-9][a-z0-9._/:@-]{0,250}", "the name of an image")

SETTINGS = Settings(
    "builder-dockerfile",
    Property(
        "dockerfile-path", "Dockerfile", help="Path of the Dockerfile, relative to the build directory", parse=path
    ),
    Property(
        "allowed-frontends",
        "docker/dockerfile,docker/dockerfile-upstream",
        help="Images that `# syntax=` may name, with any tag, separated by commas; a frontend can fetch from the host's network",
        parse=images,
        scope="global",
    ),
    applies=BUILD,
)
