"""The properties of the namespaces `builder-pack`, `builder-nixpacks`, `builder-railpack`, `builder-lambda`."""

from __future__ import annotations

from dokkupy_sdk.names import RelativePath
from dokkupy_sdk.settings import BUILD, Property, Settings, matching


def path(text: str) -> str:
    return str(RelativePath(text))


image = matching(r"[a-z0-9][a-z0-9._/:@-]{0,250}", "the name of an image")

PACK = Settings(
    "builder-pack",
    Property(
        "projecttoml-path", "project.toml", help="Where project.toml is, relative to the build's root", parse=path
    ),
    Property("builder-image", "heroku/builder:24", help="The image with the buildpacks", parse=image),
    applies=BUILD,
)
NIXPACKS = Settings(
    "builder-nixpacks",
    Property(
        "nixpackstoml-path", "nixpacks.toml", help="Where nixpacks.toml is, relative to the build's root", parse=path
    ),
    applies=BUILD,
)
RAILPACK = Settings(
    "builder-railpack",
    Property(
        "railpackjson-path", "railpack.json", help="Where railpack.json is, relative to the build's root", parse=path
    ),
    applies=BUILD,
)
LAMBDA = Settings(
    "builder-lambda",
    Property("lambdayml-path", "lambda.yml", help="Where lambda.yml is, relative to the build's root", parse=path),
    applies=BUILD,
)
