"""Hooks of the services of all kinds."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.diagnosis import Cause, Evidence
    from dokkupy_sdk.model import Deployment, Finding, Job
    from dokkupy_sdk.operation import Transaction
    from dokkupy_sdk.roles import BackupSubject


@hookimpl
def linked_containers(host: Host, app: AppName) -> Iterable[tuple[str, str]]:
    if not any_service(host):
        return []
    from dokkupy_services.links import variables

    return variables.linked_containers(host, app)


@hookimpl
def pre_deploy(host: Host, deployment: Deployment, tx: Transaction) -> None:
    """Start an app's services before its processes."""
    if not any_service(host):
        return
    from dokkupy_services.timer.maintenance import require_services

    require_services(host, deployment.app)


@hookimpl
def post_app_rename(host: Host, old: AppName, new: AppName, tx: Transaction) -> None:
    from dokkupy_services.links import external
    from dokkupy_services.links import variables as links

    links.move_links(tx, old, new, keep=False)
    external.move_links(tx, old, new, keep=False)


@hookimpl
def post_app_clone(host: Host, old: AppName, new: AppName, tx: Transaction) -> None:
    from dokkupy_services.links import external
    from dokkupy_services.links import variables as links

    links.move_links(tx, old, new, keep=True)
    external.move_links(tx, old, new, keep=True)


@hookimpl
def post_app_destroy(host: Host, app: AppName) -> None:
    from dokkupy_services.links import external
    from dokkupy_services.links import variables as links

    links.forget_app(host, app)
    external.forget_app(host, app)


@hookimpl
def on_recover(host: Host) -> None:
    from dokkupy_services.timer.maintenance import bring_up_all

    for line in bring_up_all(host):
        host.out.section(line)


@hookimpl
def scheduled_jobs(host: Host) -> Iterable[Job]:
    from dokkupy_sdk.model import Job

    if not any_service(host):
        return []
    return [
        Job("services", 60, "dokkupy_services.timer.maintenance:supervise"),
        Job("services-trash", 3600, "dokkupy_services.timer.maintenance:give_back"),
    ]


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    if not any_service(host):
        return []
    from dokkupy_services.timer.maintenance import findings

    return findings(host)


@hookimpl(optionalhook=True)  # of dokkupy-why, which may not be installed
def diagnose(host: Host, evidence: Evidence) -> Iterable[Cause]:
    if not any_service(host):
        return []
    from dokkupy_services.links.causes import service_causes

    return service_causes(host, AppName(evidence.app), evidence)


@hookimpl(optionalhook=True)  # a hook of another plugin, which may not be installed
def backup_subjects(host: Host) -> Iterable[BackupSubject]:
    if not any_service(host):
        return []
    from dokkupy_services.data.subject import ServiceSubject
    from dokkupy_services.records import datastore, services
    from dokkupy_services.timer.maintenance import known

    return [
        ServiceSubject(host, one.kind, one.name)
        for one in services(host)
        if known(host, one.kind) and datastore(host, one.kind).dumps
    ]


def any_service(host: Host) -> bool:
    """Whether any service exists. Cheap, because every deploy calls these hooks."""
    import os

    return any(
        os.path.isdir(place) and os.listdir(place) for place in (host.path("services"), host.path("service-trash"))
    )
