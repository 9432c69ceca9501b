"""Lines are stored when their container is removed, and removed with the app."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.disk import DiskUse
    from dokkupy_sdk.model import Finding, Job
    from dokkupy_sdk.operation import Transaction
    from dokkupy_sdk.roles import Container


@hookimpl(optionalhook=True)  # of dokkupy-docker, which may not be installed
def on_container_ended(host: Host, container: Container) -> None:
    from dokkupy_logs.keep import keep

    keep(host, container)


@hookimpl
def post_app_rename(old: AppName, new: AppName, tx: Transaction) -> None:
    from dokkupy_sdk.operation import call

    from dokkupy_logs.keep import move

    tx.follow(call(move, old=str(old), new=str(new)))


@hookimpl
def post_app_destroy(host: Host, app: AppName) -> None:
    from dokkupy_logs.keep import forget

    forget(host, app)


@hookimpl
def scheduled_jobs(host: Host) -> Iterable[Job]:
    from dokkupy_sdk.model import Job

    return [Job("logs", 3600, "dokkupy_logs.keep:prune_all"), Job("log-drains", 0, "dokkupy_logs.drain.run:ensure")]


@hookimpl
def on_recover(host: Host) -> None:
    from dokkupy_logs.drain.run import ensure

    ensure(host)


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_logs.drain.report import findings

    return findings(host)


@hookimpl
def teardown_changes(host: Host, dry_run: bool) -> Iterable[str]:
    from dokkupy_logs.drain.run import end

    return end(host, dry_run=dry_run)


@hookimpl(optionalhook=True)  # of dokkupy-disk, which may not be installed
def disk_usage(host: Host, app: AppName | None) -> Iterable[DiskUse]:
    from dokkupy_sdk.disk import DiskUse, used_bytes

    from dokkupy_logs.kept import directory_of

    for name in host.store.apps() if app is None else [app]:
        yield DiskUse("kept logs", used_bytes(directory_of(host, name)), app=name)
