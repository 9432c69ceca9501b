"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class AuditList(TypedDict):
    number: int
    time: str
    who: str
    app: str
    command: str
    status: int


class AuditRestart(TypedDict):
    old: str | None


class AuditVerify(TypedDict):
    lines: int
    sealed: int
    problems: list[str]


class Completion(TypedDict):
    shell: str
    script: str


class Deploy(TypedDict):
    at: str
    app: str
    release: int | None
    kind: str
    by: str
    seconds: float | None
    outcome: str
    reason: str
    requests: int | None
    lost: int | None
    what: str


class Doctor(TypedDict):
    check: str
    level: str
    message: str
    remedy: str


class EventsList(TypedDict):
    event: str
    count: int


class EventsOff(TypedDict):
    recorded: bool


class Recover(TypedDict):
    done: list[str]
    failed: list[str]


class Setup(TypedDict):
    changes: list[str]
    dry_run: bool


class Status(TypedDict):
    subject: str
    level: str
    message: str
    remedy: str


class TraceOff(TypedDict):
    trace: bool


ANSWERS: dict[str, Any] = {
    "audit:list": list[AuditList],
    "audit:restart": AuditRestart,
    "audit:verify": AuditVerify,
    "completion": Completion,
    "completion:commands": None,
    "completion:words": list[str],
    "deploys": list[Deploy],
    "doctor": list[Doctor],
    "events": list[dict[str, str]],
    "events:list": list[EventsList],
    "events:off": EventsOff,
    "events:on": EventsOff,
    "recover": Recover,
    "setup": Setup,
    "shell": None,
    "status": list[Status],
    "tick": list[str],
    "trace:off": TraceOff,
    "trace:on": TraceOff,
}
