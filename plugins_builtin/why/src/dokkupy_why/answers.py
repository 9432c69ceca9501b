"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class Why(TypedDict):
    app: str
    state: str
    notes: list[str]
    failures: list[dict[str, Any]]


ANSWERS: dict[str, Any] = {
    "why": Why,
}
