"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, NotRequired, TypedDict


class CronResume(TypedDict):
    app: str
    id: str
    maintenance: bool


CronTask = TypedDict(
    "CronTask",
    {
        "id": str,
        "app": str,
        "command": str,
        "global": bool,
        "schedule": str,
        "concurrency_policy": str,
        "maintenance": bool,
        "app_in_maintenance": bool,
        "task_in_maintenance": bool,
    },
)


class CronHistory(TypedDict):
    """why: schedule, by hand or a run that was missed. firing: the minute for which it ran. lines: its last output."""

    task: str
    run: str
    outcome: str
    why: str
    firing: str
    started: str
    ended: str
    seconds: float
    exit_code: int | None
    reason: str
    lines: list[str]


class CronRun(TypedDict):
    app: str
    id: str
    run: str
    outcome: str
    exit_code: NotRequired[int | None]
    seconds: NotRequired[float | None]


ANSWERS: dict[str, Any] = {
    "cron:history": list[CronHistory],
    "cron:list": list[CronTask],
    "cron:resume": CronResume,
    "cron:run": CronRun,
    "cron:run-due": list[str],
    "cron:suspend": CronResume,
}

REPORTS: dict[str, dict[str, Any]] = {
    "cron:report": {
        "task_count": int,
    },
}
