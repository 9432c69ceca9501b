"""Completion of subjects, backups and targets (entry-point group `dokkupy.completers`)."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed


def targets(host: Host, typed: Typed) -> list[str]:
    """To a caller who may not see the host, none: a target's name belongs to no app."""
    from dokkupy_sdk.access import allowed

    from dokkupy_backups.target.stored import target_names

    return [str(name) for name in target_names(host)] if allowed(host, "host:read") else []


def subjects(host: Host, typed: Typed) -> list[str]:
    from dokkupy_backups.record.stored import records
    from dokkupy_backups.subject.offered import subjects as offered

    return [*(str(one) for one in offered(host)), *(str(one.subject) for one in records(host))]


def backup_ids(host: Host, typed: Typed) -> list[str]:
    """The ids of the typed subject's backups, as lists show them."""
    from dokkupy_backups.record.stored import records

    subject = typed.arguments[0] if typed.arguments else ""
    return [one.short for one in records(host) if subject in ("", str(one.subject))]


def subjects_and_ids(host: Host, typed: Typed) -> list[str]:
    return [*subjects(host, typed), *backup_ids(host, typed)]


def credentials(host: Host, typed: Typed) -> list[str]:
    """The names of what a target may need to log in: of S3, of a REST server, of SFTP."""
    return ["access-key=", "secret-key=", "region=", "user=", "password=", "key="]
