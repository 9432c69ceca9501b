"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, NotRequired, TypedDict


class CronResume(TypedDict):
    app: str
    id: str
    maintenance: bool


class CronRun(TypedDict):
    app: str
    id: str
    run: str
    outcome: str
    exit_code: NotRequired[int | None]
    seconds: NotRequired[float | None]


ANSWERS: dict[str, Any] = {
    "cron:history": list[dict[str, Any]],
    "cron:list": list[dict[str, Any]],
    "cron:resume": CronResume,
    "cron:run": CronRun,
    "cron:run-due": list[str],
    "cron:suspend": CronResume,
}
