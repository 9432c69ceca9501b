"""Health checks during a deploy: all instances run, none serves yet."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName
from dokkupy_sdk.settings import property_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dokkupy_sdk.diagnosis import Cause, Evidence
    from dokkupy_sdk.model import Deployment, Instance, Release
    from dokkupy_sdk.operation import Transaction


@hookimpl
def release_files(host: Host, app: AppName) -> Iterable[str]:
    from dokkupy_checks.legacy import places

    # The path is app-json's property; this plugin works without that one.
    path = property_of(host.store, app, "app-json", "appjson-path") or "app.json"
    return [path, *places(path)]


@hookimpl(optionalhook=True)  # of dokkupy-why, which may not be installed
def diagnose(evidence: Evidence) -> Iterable[Cause]:
    from dokkupy_checks.causes import check_causes

    return check_causes(evidence)


@hookimpl
def pre_deploy(host: Host) -> None:
    """Import what the checks use, while the instances start."""
    import threading

    def load() -> None:
        import dokkupy_checks.plan
        import dokkupy_checks.run  # noqa: F401

    threading.Thread(target=load, name="import the checks", daemon=True).start()


@hookimpl
def pre_switch(host: Host, deployment: Deployment, tx: Transaction) -> None:
    # The engine may have restarted instances that were only started again, long ago.
    check(host, deployment.release, deployment.fresh, new=deployment.kind != "restore")


@hookimpl
def post_deploy(host: Host, deployment: Deployment, tx: Transaction) -> None:
    """Detect a web process that ends right after it answered. It serves meanwhile; only the end of the deploy waits for
    this."""
    from dokkupy_checks.plan import WEB, setting
    from dokkupy_checks.run import stay_alive
    from dokkupy_checks.settings import covers

    release, fresh = deployment.release, deployment.fresh
    off = any(covers(setting(release, name), WEB) for name in ("skipped", "disabled"))
    # If other types were checked too, it was watched during their checks.
    if deployment.kind == "deploy" and not off and {one.process for one in fresh} == {WEB}:
        stay_alive(host, release, fresh, since=deployment.passed_at)


def check(host: Host, release: Release, instances: Sequence[Instance], *, new: bool = False) -> None:
    """Run the startup checks of these instances, except for the types whose checks are skipped. new: see
    `run_checks`."""
    from dokkupy_checks.plan import plan_checks, setting, waits
    from dokkupy_checks.run import run_checks
    from dokkupy_checks.settings import SETTINGS, covers

    off = (setting(release, "skipped"), setting(release, "disabled"))
    wanted = [one for one in instances if not any(covers(listed, one.process) for listed in off)]
    skipped = sorted({str(one.process) for one in instances} - {str(one.process) for one in wanted})
    if skipped:
        host.out.detail(f"Checks are disabled for: {', '.join(skipped)}")
    if not wanted:
        return
    domain, secure = identity(host, release.app)
    times = waits(SETTINGS.all(host.store, release.app))
    plan = plan_checks(release, {one.process for one in wanted}, times, domain=domain, secure=secure)
    if not new:
        host.out.section(f"Checking {' '.join(one.dyno for one in wanted)}")
    for line in plan.warnings:
        host.out.warn(line)
    run_checks(host, release, wanted, plan.checks, new=new)


def identity(host: Host, app: AppName) -> tuple[str, bool]:
    """The domain that checks request, and whether it has a certificate."""
    from dokkupy_apps.desired.domains import domains_of
    from dokkupy_apps.routing.routes import has_certificate

    names = [name for name in domains_of(host, app) if name not in ("_", "localhost") and not name.startswith("*")]
    return (str(names[0]) if names else ""), has_certificate(host, app)
