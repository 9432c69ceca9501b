"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class Logs(TypedDict):
    timestamp: str
    process: str
    stream: str
    message: str


ANSWERS: dict[str, Any] = {
    "logs": list[Logs],
    "logs:drains": list[dict[str, Any]],
    "logs:failed": dict[str, Any] | list[dict[str, Any]],
    "logs:vector-logs": list[dict[str, Any]],
}
