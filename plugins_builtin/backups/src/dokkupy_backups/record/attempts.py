"""The results of attempts to back up or verify a subject, for the report, `doctor` and the next attempt.

`backups/outcomes/SUBJECT.toml`, for each of `backup` and `verify`: failures since the last success, the last error and
when to try again. Written by whoever holds the subject's lock, and not undone with a try that failed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from dokkupy_sdk import Host
from dokkupy_sdk.backoff import is_waiting, pause_after
from dokkupy_sdk.errors import DokkupyError, PluginError
from dokkupy_sdk.operation import messages
from dokkupy_sdk.records import Record
from dokkupy_sdk.values import dataclass

from dokkupy_backups import hookspecs
from dokkupy_backups.names import SubjectName
from dokkupy_backups.record.manifest import moment, stamp

FIRST_PAUSE = 15 * 60
LONGEST_PAUSE = 6 * 3600
"""Seconds after a failed attempt, doubled after each other one."""

WORDS = 1000


@dataclass(frozen=True, slots=True)
class RetryState:
    """failures: failed attempts since the last success. next_try: None if the next attempt is the scheduled one."""

    failures: int = 0
    error: str = ""
    at: str = ""
    next_try: datetime | None = None


class Outcome(Record):
    """The failures of a step since its last success. next_try: UTC, ISO 8601."""

    failures: int = 0
    error: str = ""
    at: str = ""
    next_try: str = ""


class OutcomesFile(Record, file="backups/outcomes/*"):
    """A subject's."""

    backup: Outcome | None = None
    verify: Outcome | None = None


def read(host: Host, subject: SubjectName, step: str) -> RetryState:
    """step: backup or verify."""
    one: Outcome = getattr(host.store.load(OutcomesFile, subject.slug), step) or Outcome()
    return RetryState(one.failures, one.error, one.at, moment(one.next_try) if one.next_try else None)


def note_failure(host: Host, subject: SubjectName, step: str, error: DokkupyError, at: datetime) -> None:
    failures = read(host, subject, step).failures + 1
    pause = pause_after(failures, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
    next_try = stamp(at + timedelta(seconds=pause))
    outcome = Outcome(failures=failures, error=text_of(error)[:WORDS], at=stamp(at), next_try=next_try)
    host.store.save(host.store.load(OutcomesFile, subject.slug).replace(**{step: outcome}), subject.slug)


def may_try(host: Host, subject: SubjectName, step: str, now: datetime) -> bool:
    """Whether the pause after the last failure is over."""
    next_try = read(host, subject, step).next_try
    return next_try is None or not is_waiting(next_try.timestamp(), now.timestamp(), longest=LONGEST_PAUSE)


def note_success(host: Host, subject: SubjectName, step: str) -> None:
    record = host.store.load(OutcomesFile, subject.slug)
    if getattr(record, step) is not None:
        host.store.save(record.replace(**{step: None}), subject.slug)


def text_of(error: DokkupyError) -> str:
    return " ".join([error.message, *error.details[-3:]])


def announce(host: Host, subject: SubjectName, outcome: str, reason: str = "") -> None:
    """Notify the observers. Their errors are only warnings."""
    host.events.record(f"backup_{outcome}", subject=str(subject), reason=reason[:WORDS])
    host.hooks.notify(
        hookspecs.on_backup_finished, host=host, subject=str(subject), outcome=outcome, reason=reason[:WORDS]
    )


def as_fault(error: Exception, subject: SubjectName) -> DokkupyError:
    """Any exception as an error that names the subject."""
    if isinstance(error, DokkupyError):
        return error
    return PluginError(
        f"The backup of {subject} failed in its plugin: {'; '.join(messages(error))}",
        plugin=subject.kind,
        hint="Report it to the plugin's author.",
    )
