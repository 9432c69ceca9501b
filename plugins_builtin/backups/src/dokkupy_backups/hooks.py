"""Hooks of backups: the timer, `doctor`, and subjects that are destroyed or renamed."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dokkupy_sdk.figures import Gauge
    from dokkupy_sdk.model import Finding, Job
    from dokkupy_sdk.operation import Transaction
    from dokkupy_sdk.roles import BackupSubject


@hookimpl
def scheduled_jobs(host: Host) -> Iterable[Job]:
    from dokkupy_sdk.model import Job

    return [Job("schedules", 60, "dokkupy_backups.schedule.due:tick")]


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_backups.doctor import findings
    from dokkupy_backups.schedule.due import local_now

    return findings(host, local_now())


@hookimpl(optionalhook=True)  # of dokkupy-commands, which may not be installed
def app_figures(host: Host, apps: Sequence[AppName]) -> Iterable[Gauge]:
    """When each app was last backed up and read back."""
    if not host.store.names("backups", "records"):
        return []
    from dokkupy_sdk.figures import Gauge

    from dokkupy_backups.record.stored import verified_at

    return [Gauge(lambda: verified_at(host, apps), (("backup_verified_at", "BACKUP"),))]


@hookimpl(optionalhook=True)  # of dokkupy-host, which may not be installed
def host_status(host: Host) -> Iterable[Finding]:
    """How many schedules are late, by name."""
    if not host.store.names("backups", "schedules"):
        return []
    from dokkupy_backups.doctor import status_of
    from dokkupy_backups.schedule.due import local_now

    return status_of(host, local_now())


@hookimpl
def backup_subjects(host: Host) -> Iterable[BackupSubject]:
    from dokkupy_sdk.many import over_each, warn_of

    from dokkupy_backups.subject.app_volumes import AppVolumes, sources_of
    from dokkupy_backups.subject.host_state import HostState

    done, failed = over_each(host.store.apps(), lambda app: sources_of(host, app))
    warn_of(host, failed)
    return [HostState(host), *(AppVolumes(host, app) for app, volumes in done if volumes)]


@hookimpl(optionalhook=True)  # another plugin's hook, and that may not be installed
def pre_service_destroy(host: Host, service: str, tx: Transaction) -> None:
    """Refuse to destroy a service that has a schedule. Its backups are kept in any case."""
    from dokkupy_backups.dokku_buckets import forget_auth
    from dokkupy_backups.schedule.change import end_schedule

    end_schedule(host, service, tx)
    forget_auth(tx, service)


@hookimpl(optionalhook=True)  # another plugin's hook, and that may not be installed
def service_restores(host: Host, service: str) -> Iterable[str]:
    """The newest backup of a service that can be restored."""
    from dokkupy_backups.names import SubjectName
    from dokkupy_backups.record.stored import last, records

    newest = last(records(host, SubjectName(service)), lambda one: not one.failed and one.why != "safety")
    if newest is not None:
        yield f"Restore its backup of {newest.started}: dokkupy backups:restore {service}."


@hookimpl(optionalhook=True)  # another plugin's hook, and that may not be installed
def post_service_rename(host: Host, old: str, new: str, tx: Transaction) -> None:
    """Move the schedule to the new name. Existing backups keep the old name."""
    from dokkupy_backups.dokku_buckets import move_auth
    from dokkupy_backups.schedule.change import move_schedule

    move_schedule(tx, old, new)
    move_auth(tx, old, new)


@hookimpl
def pre_app_destroy(host: Host, app: AppName, tx: Transaction) -> None:
    from dokkupy_backups.schedule.change import end_schedule

    end_schedule(host, f"app:{app}", tx)
