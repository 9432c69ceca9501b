"""Mounts in the lifecycle of apps and of the host."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.diagnosis import Cause, Evidence
    from dokkupy_sdk.disk import DiskUse, Reclaimable
    from dokkupy_sdk.model import Deployment, Finding, Job, Source
    from dokkupy_sdk.operation import Transaction


@hookimpl
def setup_changes(host: Host, dry_run: bool) -> Iterable[str]:
    from dokkupy_sdk.setup import Steps

    from dokkupy_storage.directories.directory import storage_root

    steps = Steps(dry_run=dry_run)
    steps.directory(storage_root(host), 0o755)
    return steps.lines


@hookimpl
def container_options(host: Host, app: AppName, phase: str, process: str) -> Iterable[str]:
    if not host.store.has_file("apps", app, "storage"):
        return []
    from dokkupy_storage.mounts.render import options
    from dokkupy_storage.records import mounts_of

    return options(mounts_of(host, app), phase, process)


@hookimpl
def post_source_receive(host: Host, source: Source, tx: Transaction) -> None:
    """Check the mounts before the build, which would otherwise be wasted."""
    require(host, source.app)


@hookimpl(optionalhook=True)  # a hook of dokkupy-disk, which may not be installed
def disk_usage(host: Host, app: AppName | None) -> Iterable[DiskUse]:
    from dokkupy_storage.directories.sizes import disk_usage

    return disk_usage(host, app)


@hookimpl(optionalhook=True)  # a hook of dokkupy-disk, which may not be installed
def reclaimable(host: Host, app: AppName | None) -> Iterable[Reclaimable]:
    if app is not None or not host.store.names("storage-trash"):
        return []
    from dokkupy_storage.entries.changes import in_trash

    return in_trash(host)


@hookimpl
def pre_deploy(host: Host, deployment: Deployment, tx: Transaction) -> None:
    require(host, deployment.app)


@hookimpl
def post_app_clone(host: Host, old: AppName, new: AppName, tx: Transaction) -> None:
    """The clone has the same mounts, as in Dokku; the command prints which data the two apps now share."""
    if not host.store.has_file("apps", old, "storage"):
        return
    from dokkupy_storage.records import mounts_of

    for source in dict.fromkeys(one.source for one in mounts_of(host, old)):
        host.out.warn(f"{new} shares {source} with {old}")


@hookimpl(optionalhook=True)  # a hook of dokkupy-backups, which may not be installed
def backup_directories(host: Host, app: AppName) -> Iterable[tuple[str, str]]:
    if not host.store.has_file("apps", app, "storage"):
        return []
    from dokkupy_storage.mounts.backup import backed_up

    return backed_up(host, app).items()


@hookimpl(optionalhook=True)  # a hook of dokkupy-backups, which may not be installed
def pre_backup(host: Host, subject: str) -> None:
    kind, _, app = subject.partition(":")
    if kind != "app" or not host.store.has_file("apps", app, "storage"):
        return
    from dokkupy_storage.mounts.backup import prepare

    prepare(host, AppName(app))


@hookimpl
def teardown_changes(host: Host, dry_run: bool) -> Iterable[str]:
    """Remove the storage root if it is empty. Data stays, because setup must not delete an app's directories."""
    from dokkupy_storage.directories.directory import remove_empty_root

    return remove_empty_root(host, dry_run=dry_run)


@hookimpl
def scheduled_jobs(host: Host) -> Iterable[Job]:
    from dokkupy_sdk.model import Job

    if host.store.names("storage"):
        yield Job("storage-sizes", 86400, "dokkupy_storage.directories.sizes:measure_later")
    if host.store.names("storage-trash"):
        yield Job("storage-trash", 3600, "dokkupy_storage.entries.changes:empty_trash")


@hookimpl(optionalhook=True)  # of dokkupy-why, which may not be installed
def diagnose(host: Host, evidence: Evidence) -> Iterable[Cause]:
    """A mounted directory that is missing, without which the app does not start."""
    if evidence.step != "stopped" or not host.store.has_file("apps", evidence.app, "storage"):
        return []
    from dokkupy_storage.mounts.doctor import causes

    return causes(host, AppName(evidence.app))


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_storage.mounts.doctor import findings

    return findings(host)


def require(host: Host, app: AppName) -> None:
    if host.store.has_file("apps", app, "storage"):
        from dokkupy_storage.mounts.mounting import require_intact

        require_intact(host, app)
