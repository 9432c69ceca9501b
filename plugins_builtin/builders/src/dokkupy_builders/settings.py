"""The properties of the namespaces `builder-pack`, `builder-nixpacks`, `builder-railpack`, `builder-lambda`."""

from __future__ import annotations

from dokkupy_sdk.errors import Denied
from dokkupy_sdk.names import AppName, RelativePath
from dokkupy_sdk.settings import BUILD, Property, Settings, matching

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.host import Store


def path(text: str) -> str:
    return str(RelativePath(text))


def images(text: str) -> str:
    """Names of images with commas."""
    return ",".join(image(name.strip()) for name in text.split(",") if name.strip())


image = matching(r"[a-z0-9][a-z0-9._/:@-]{0,250}", "the name of an image")

BUILDER = "heroku/builder:24"

PACK = Settings(
    "builder-pack",
    Property(
        "projecttoml-path", "project.toml", help="Path of project.toml, relative to the build directory", parse=path
    ),
    Property("builder-image", BUILDER, help="Image with the buildpacks, one of trusted-builders", parse=image),
    Property(
        "trusted-builders",
        BUILDER,
        help="Builder images that may be used, separated by commas; pack gives them access to the engine's socket",
        parse=images,
        scope="global",
    ),
    applies=BUILD,
)
NIXPACKS = Settings(
    "builder-nixpacks",
    Property(
        "nixpackstoml-path", "nixpacks.toml", help="Path of nixpacks.toml, relative to the build directory", parse=path
    ),
    applies=BUILD,
)
RAILPACK = Settings(
    "builder-railpack",
    Property(
        "railpackjson-path", "railpack.json", help="Path of railpack.json, relative to the build directory", parse=path
    ),
    applies=BUILD,
)
LAMBDA = Settings(
    "builder-lambda",
    Property("lambdayml-path", "lambda.yml", help="Path of lambda.yml, relative to the build directory", parse=path),
    applies=BUILD,
)


def require_trusted(store: Store, app: AppName | None, name: str) -> None:
    """Raise Denied unless an admin trusts the builder image: pack runs its lifecycle as root with the engine's socket,
    which is root on the host."""
    trusted = PACK.get(store, None, "trusted-builders")
    if name not in trusted.split(","):
        raise Denied(
            f"{name} is not a trusted builder image" + (f"; {app} is not built with it" if app else ""),
            details=(f"Trusted: {trusted}",),
            hint=f"An admin can trust it: builder-pack:set --global trusted-builders {trusted},{name}",
            code="untrusted_builder",
        )
