"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, NotRequired, TypedDict


class Logs(TypedDict):
    timestamp: str
    process: str
    stream: str
    message: str


class LogsDrains(TypedDict):
    """sent, dropped: lines since the sink was set. dropped_at: the time of the last dropped line in seconds, or 0."""

    app: str
    sink: str
    target: str
    cron: bool
    sent: int
    dropped: int
    dropped_at: int
    error: str


class FailedInstance(TypedDict):
    """listens: where it listened; absent if nobody looked. lines: its last output."""

    dyno: str
    ended: str
    exit_code: NotRequired[int]
    oom: bool
    lines: list[str]
    listens: NotRequired[list[str]]
    port: int


class LogsFailed(TypedDict):
    """The last failed deploy, or the app alone if there is none. step: build, release or start."""

    app: str
    at: NotRequired[str]
    reason: NotRequired[str]
    instances: NotRequired[list[FailedInstance]]
    step: NotRequired[str]
    code: NotRequired[str]
    lines: NotRequired[list[str]]
    serving: NotRequired[str]


ANSWERS: dict[str, Any] = {
    "logs": list[Logs],
    "logs:drains": list[LogsDrains],
    "logs:failed": LogsFailed | list[LogsFailed],
    "logs:vector-logs": list[LogsDrains],
}
