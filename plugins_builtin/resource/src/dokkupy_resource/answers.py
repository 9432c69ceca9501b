"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class ResourceLimitClear(TypedDict):
    app: str
    process_type: str


ANSWERS: dict[str, Any] = {
    "resource:limit": dict[str, str],
    "resource:limit-clear": ResourceLimitClear,
    "resource:reserve": dict[str, str],
    "resource:reserve-clear": ResourceLimitClear,
}
