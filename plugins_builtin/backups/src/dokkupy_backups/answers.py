"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class BackupsCreate(TypedDict):
    id: str
    subject: str
    target: str
    host: str
    state: str
    size: int
    started: str
    finished: str
    why: str
    verified: str
    failed: str


class BackupsDelete(TypedDict):
    id: str
    subject: str


class BackupsPrune(TypedDict):
    forgotten: list[BackupsCreate]


class BackupsRestore(TypedDict):
    subject: str
    backup: str
    to: str
    safety: str


class BackupsSchedule(TypedDict):
    subject: str
    cron: str
    target: str
    keep_last: int
    keep_daily: int
    keep_weekly: int
    keep_monthly: int
    verify: str
    objective_hours: int
    since: str
    allowed_age_hours: float


class BackupsTargetAdd(TypedDict):
    target: str
    url: str
    made: bool
    backups: int


class BackupsTargetCheck(TypedDict):
    target: str
    backups: int


class BackupsTargetKey(TypedDict):
    target: str
    key: str


class BackupsTargetList(TypedDict):
    target: str
    url: str
    kind: str
    host_name: str
    backups: int | None
    key_shown: bool
    schedules: list[str]


class BackupsTargetRemove(TypedDict):
    target: str


class BackupsUnschedule(TypedDict):
    subject: str


ANSWERS: dict[str, Any] = {
    "backups:create": BackupsCreate,
    "backups:delete": BackupsDelete,
    "backups:info": dict[str, Any],
    "backups:list": list[BackupsCreate],
    "backups:prune": BackupsPrune,
    "backups:report": list[dict[str, Any]] | dict[str, Any],
    "backups:restore": BackupsRestore,
    "backups:run-due": list[str],
    "backups:schedule": BackupsSchedule,
    "backups:target-add": BackupsTargetAdd,
    "backups:target-check": BackupsTargetCheck,
    "backups:target-key": BackupsTargetKey,
    "backups:target-list": list[BackupsTargetList],
    "backups:target-remove": BackupsTargetRemove,
    "backups:unschedule": BackupsUnschedule,
    "backups:verify": BackupsCreate,
}
