"""What services have to say, of all kinds of datastores alike."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.model import Deployment, Finding, Job
    from dokkupy_sdk.operation import Tx
    from dokkupy_sdk.roles import BackupSubject


@hookimpl
def app_guests(host: Host, app: AppName) -> Iterable[tuple[str, str]]:
    from dokkupy_sdk.datastore.links import guests

    return guests(host, app) if any_service(host) else []


@hookimpl
def pre_deploy(host: Host, deployment: Deployment, tx: Tx) -> None:
    """An app's services are up before its processes are started."""
    if not any_service(host):
        return
    from dokkupy_sdk.datastore.upkeep import need_services

    need_services(host, deployment.app)


@hookimpl
def post_app_rename(host: Host, old: AppName, new: AppName, tx: Tx) -> None:
    from dokkupy_sdk.datastore import external, links

    links.move_links(tx, old, new, keep=False)
    external.move_links(tx, old, new, keep=False)


@hookimpl
def post_app_clone(host: Host, old: AppName, new: AppName, tx: Tx) -> None:
    from dokkupy_sdk.datastore import external, links

    links.move_links(tx, old, new, keep=True)
    external.move_links(tx, old, new, keep=True)


@hookimpl
def post_app_destroy(host: Host, app: AppName) -> None:
    from dokkupy_sdk.datastore import external, links

    links.forget_app(host, app)
    external.forget_app(host, app)


@hookimpl
def on_recover(host: Host) -> None:
    from dokkupy_sdk.datastore.upkeep import bring_up_all

    for line in bring_up_all(host):
        host.out.section(line)


@hookimpl
def scheduled_jobs(host: Host) -> Iterable[Job]:
    from dokkupy_sdk.model import Job

    if not any_service(host):
        return []
    return [
        Job("services", 60, "dokkupy_sdk.datastore.upkeep:supervise"),
        Job("services-trash", 3600, "dokkupy_sdk.datastore.upkeep:give_back"),
    ]


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    if not any_service(host):
        return []
    from dokkupy_sdk.datastore.upkeep import findings

    return findings(host)


@hookimpl(optionalhook=True)  # another plugin's hook, and that may not be installed
def backup_subjects(host: Host) -> Iterable[BackupSubject]:
    if not any_service(host):
        return []
    from dokkupy_sdk.datastore.records import datastore, services
    from dokkupy_sdk.datastore.subject import ServiceSubject
    from dokkupy_sdk.datastore.upkeep import known

    return [
        ServiceSubject(host, one.kind, one.name)
        for one in services(host)
        if known(host, one.kind) and datastore(host, one.kind).dumps
    ]


def any_service(host: Host) -> bool:
    """Cheap, because these hooks are asked by every deploy."""
    import os

    return any(
        os.path.isdir(place) and os.listdir(place) for place in (host.path("services"), host.path("service-trash"))
    )
