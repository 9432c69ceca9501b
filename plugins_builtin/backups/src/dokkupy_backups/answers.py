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


class BackupsInfo(BackupsCreate):
    """about: facts of the subject; facts_before, facts_after: its counts when the dump began and ended; manifest: its snapshot."""

    sha256: str
    about: dict[str, str]
    facts_before: dict[str, str]
    facts_after: dict[str, str]
    plugins: dict[str, str]
    manifest: str


class BackupsReport(TypedDict):
    """overdue: null without a schedule. backup_error, verify_error: why the last attempt failed; empty if it did not."""

    subject: str
    last_verified_age_hours: float | None
    last_verified: str
    last_verified_at: str
    last_backup: str
    last_backup_at: str
    last_backup_size: int
    last_backup_state: str
    backups: int
    schedule: BackupsSchedule | None
    overdue: bool | None
    backup_failures: int
    verify_failures: int
    backup_error: str
    verify_error: str


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
    "backups:info": BackupsInfo,
    "backups:list": list[BackupsCreate],
    "backups:prune": BackupsPrune,
    "backups:report": list[BackupsReport] | BackupsReport,
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
