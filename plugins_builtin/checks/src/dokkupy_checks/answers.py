"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict

from dokkupy_sdk.answers import Commas


class ChecksRun(TypedDict):
    app: str
    checked: list[str]
    passed: bool


ANSWERS: dict[str, Any] = {
    "checks:run": ChecksRun,
}

REPORTS: dict[str, dict[str, Any]] = {
    "checks:report": {
        "disabled_list": Commas,
        "skipped_list": Commas,
    },
}
