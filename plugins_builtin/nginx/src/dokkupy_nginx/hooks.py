"""nginx's hooks: setup, teardown, doctor, apps' templates, and the timer's job."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dokkupy_sdk.diagnosis import Cause, Evidence
    from dokkupy_sdk.figures import Gauge
    from dokkupy_sdk.model import Finding, Job
    from dokkupy_sdk.names import AppName


@hookimpl
def setup_changes(host: Host, dry_run: bool) -> Iterable[str]:
    from dokkupy_nginx.setup.install import Wiring

    return Wiring(adapter(host), dry_run=dry_run).setup()


@hookimpl
def teardown_changes(host: Host, dry_run: bool) -> Iterable[str]:
    from dokkupy_nginx.setup.install import Wiring

    return Wiring(adapter(host), dry_run=dry_run).teardown()


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_nginx.setup.doctor import findings

    return findings(adapter(host))


@hookimpl(optionalhook=True)  # of dokkupy-host, which may not be installed
def host_status(host: Host) -> Iterable[Finding]:
    from dokkupy_nginx.setup.doctor import status_of

    return [status_of(adapter(host))]


@hookimpl(optionalhook=True)  # of dokkupy-why, which may not be installed
def diagnose(host: Host, evidence: Evidence) -> Iterable[Cause]:
    """nginx is down or refuses its configuration: then no app is reachable, or none can be deployed."""
    if evidence.step not in ("serve", "start") or (evidence.step == "start" and "nginx" not in evidence.reason):
        return
    from dokkupy_sdk.diagnosis import FACT, Cause
    from dokkupy_sdk.names import AppName

    if host.proxy_name(AppName(evidence.app)) != "nginx":
        return
    from dokkupy_nginx.setup.doctor import faults

    for found in faults(adapter(host)):
        yield Cause(found.message, (found.remedy,), sure=FACT)


@hookimpl(optionalhook=True)  # of dokkupy-commands, which may not be installed
def app_figures(host: Host, apps: Sequence[AppName]) -> Iterable[Gauge]:
    from dokkupy_sdk.figures import Gauge

    from dokkupy_nginx.server.figures import HEADS, figures

    return [Gauge(lambda: figures(host, apps), HEADS)]


@hookimpl
def scheduled_jobs(host: Host) -> Iterable[Job]:
    from dokkupy_sdk.model import Job

    return [Job("nginx-quarantine", 60, "dokkupy_nginx.timer:tick")]


@hookimpl
def release_files(host: Host, app: AppName) -> Iterable[str]:
    from dokkupy_nginx.template.find import template_names

    return template_names(host, app)


@hookimpl
def post_app_destroy(host: Host, app: AppName) -> None:
    from dokkupy_nginx.recovery.quarantine import forget
    from dokkupy_nginx.server.earlier_logs import set_apart

    forget(adapter(host), app)
    set_apart(host, app, adapter(host).layout.logs)


def adapter(host: Host):  # type: ignore[no-untyped-def]
    return host.role("proxy", "nginx")
