"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class DockerOptionsAdd(TypedDict):
    app: str
    phases: list[str]
    processes: list[str]
    options: list[str]


class DockerOptionsRemove(TypedDict):
    app: str
    phases: list[str]
    processes: list[str]


ANSWERS: dict[str, Any] = {
    "docker-options:add": DockerOptionsAdd,
    "docker-options:clear": DockerOptionsRemove,
    "docker-options:list": dict[str, list[str]],
    "docker-options:remove": DockerOptionsRemove,
}
