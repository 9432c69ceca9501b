"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any

from dokkupy_sdk.answers import Report

ANSWERS: dict[str, Any] = {
    "*:report": Report,
}
