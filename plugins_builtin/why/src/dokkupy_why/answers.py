"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class Cause(TypedDict):
    """sure: fact, read (from the output) or guess."""

    title: str
    fix: list[str]
    lines: list[str]
    sure: str


class Failure(TypedDict):
    """step: build, release, start, run, serve or stopped. process, at: null if it is unknown or of no process."""

    step: str
    process: str | None
    reason: str
    at: str | None
    exit_code: int | None
    out_of_memory: bool
    restarts: int
    lines: list[str]
    causes: list[Cause]


class Why(TypedDict):
    app: str
    state: str
    notes: list[str]
    failures: list[Failure]


ANSWERS: dict[str, Any] = {
    "why": Why,
}
