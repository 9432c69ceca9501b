"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class ChecksRun(TypedDict):
    app: str
    checked: list[str]
    passed: bool


ANSWERS: dict[str, Any] = {
    "checks:run": ChecksRun,
}
