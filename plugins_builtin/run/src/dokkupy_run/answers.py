"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class RunDetached(TypedDict):
    app: str
    name: str


class RunList(TypedDict):
    name: str
    state: str
    command: str
    created_at: str


class RunLogs(TypedDict):
    name: str
    timestamp: str
    line: str


ANSWERS: dict[str, Any] = {
    "run:detached": RunDetached,
    "run:list": list[RunList],
    "run:logs": list[RunLogs],
    "run:retire": list[str],
    "run:stop": list[str],
}
