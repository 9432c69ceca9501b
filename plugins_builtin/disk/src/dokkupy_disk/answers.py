"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict

from dokkupy_sdk.answers import Time


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

REPORTS: dict[str, dict[str, Any]] = {
    "disk:report": {
        "images_shared_bytes": int | None,
        "images_unique_bytes": int | None,
        "measured_at": Time,
        "own_bytes": int | None,
    },
}
