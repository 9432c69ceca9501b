"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class BuildpacksDetect(TypedDict):
    name: str
    certainty: float


class ImagesList(TypedDict):
    name: str
    size: int
    origin: str
    what: str


ANSWERS: dict[str, Any] = {
    "buildpacks:detect": list[BuildpacksDetect],
    "buildpacks:list": list[str],
    "buildpacks:plan": dict[str, Any],
    "images:list": list[ImagesList],
}
