"""Scheduled tasks in the timer, in deploys, and when apps are renamed, cloned and destroyed."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.model import Deployment, Finding, Job
    from dokkupy_sdk.operation import Transaction


@hookimpl
def scheduled_jobs(host: Host) -> Iterable[Job]:
    from dokkupy_sdk.model import Job

    return [
        Job("tasks", 0, "dokkupy_cron.runs.due:tick")
    ]  # at every tick, because an expression has a resolution of minutes


@hookimpl
def post_deploy(deployment: Deployment, tx: Transaction) -> None:
    """Switch to the tasks of the new release once it serves."""
    from dokkupy_sdk.operation import call

    from dokkupy_cron.tasks.index import refresh

    tx.follow(call(refresh, app=str(deployment.app)))


@hookimpl
def post_app_rename(host: Host, old: AppName, new: AppName, tx: Transaction) -> None:
    """Progress and history moved with the app's directory, and ids do not contain the app's name. Only the index
    does."""
    from dokkupy_sdk.operation import call

    from dokkupy_cron.tasks.index import forget, refresh

    tx.follow(call(refresh, app=str(new)), call(forget, app=str(old)))


@hookimpl
def post_app_clone(host: Host, old: AppName, new: AppName, tx: Transaction) -> None:
    """A clone starts in maintenance, because two apps with one database would do each task twice."""
    from dokkupy_cron.moving import begin_again

    begin_again(host, new, tx)


@hookimpl
def post_app_destroy(host: Host, app: AppName) -> None:
    from dokkupy_cron.tasks.index import forget

    forget(host, app=str(app))


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_cron.doctor import findings

    return findings(host)
