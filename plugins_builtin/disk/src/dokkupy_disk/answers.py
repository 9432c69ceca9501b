"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class Cleanup(TypedDict):
    kind: str
    name: str
    app: str
    bytes: int
    why: str
    level: str


ANSWERS: dict[str, Any] = {
    "cleanup": list[Cleanup],
    "disk:collect": list[str],
    "disk:measure": dict[str, int],
}
