"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, NotRequired, TypedDict


class BuildpacksDetect(TypedDict):
    name: str
    certainty: float


class PlanStep(TypedDict):
    stage: str
    command: str
    files: list[str]
    caches: list[str]
    sees_config: bool


class Plan(TypedDict):
    """install_variables: the app's variables that the installation of packages sees."""

    language: str
    version: str
    version_origin: str
    packages: list[str]
    steps: list[PlanStep]
    processes: dict[str, str]
    remarks: list[str]
    warnings: list[str]
    install_variables: list[str]


class BuildpacksPlan(TypedDict):
    """With --dockerfile, the Dockerfile alone."""

    origin: NotRequired[str]
    plans: NotRequired[list[Plan]]
    dockerfile: str


class ImagesList(TypedDict):
    name: str
    size: int
    origin: str
    what: str


ANSWERS: dict[str, Any] = {
    "buildpacks:detect": list[BuildpacksDetect],
    "buildpacks:list": list[str],
    "buildpacks:plan": BuildpacksPlan,
    "images:list": list[ImagesList],
}
