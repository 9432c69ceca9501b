"""The hooks of the docker plugin: options of containers, its group, the state of the engine."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from dokkupy_sdk.diagnosis import Cause, Evidence
    from dokkupy_sdk.disk import DiskUse, Reclaimable
    from dokkupy_sdk.figures import Gauge
    from dokkupy_sdk.model import Deployment, Finding, Job
    from dokkupy_sdk.operation import Transaction


@hookimpl
def container_options(host: Host, app: AppName, phase: str, process: str) -> Iterable[str]:
    import shlex

    from dokkupy_docker.options.stored import options_for

    return [word for option in options_for(host, app, phase, process) for word in shlex.split(option)]


@hookimpl
def linked_containers(host: Host, app: AppName) -> Iterable[tuple[str, str]]:
    """Connect the containers that `--link CONTAINER:ALIAS` names to the app's network."""
    from dokkupy_docker.options.stored import all_options

    if not any("--link" in option for option in all_options(host, app)):
        return []
    import shlex

    from dokkupy_docker.options.translate import joins

    links = [link for option in all_options(host, app) for link in joins(shlex.split(option))["--link"]]
    return [(name, alias or name) for name, _, alias in (link.partition(":") for link in links)]


@hookimpl(optionalhook=True)  # of dokkupy-commands, which may not be installed
def app_figures(host: Host, apps: Sequence[AppName]) -> Iterable[Gauge]:
    if not is_engine(host):
        return []
    from dokkupy_sdk.figures import Gauge

    from dokkupy_docker.instances.usage import HEADS, figures

    return [Gauge(lambda: figures(host, apps), HEADS)]


@hookimpl
def pre_deploy(host: Host, deployment: Deployment, tx: Transaction) -> None:
    """Return early, because most apps mount no volume and need not load a module for it."""
    release = deployment.release
    options = [word for process in release.processes for word in release.deploy_options(process)]
    if not any(word.startswith(("-v", "--volume", "--mount")) for word in options) or not is_engine(host):
        return
    from dokkupy_apps.releases.records import current

    from dokkupy_docker.lost_volumes import require_present

    serving = current(host, deployment.app)[0]
    tx.step("look for its volumes", lambda: require_present(host, serving, release))


@hookimpl(optionalhook=True)  # of dokkupy-why, which may not be installed
def diagnose(host: Host, evidence: Evidence) -> Iterable[Cause]:
    if evidence.step != "stopped" or not is_engine(host):
        return []
    from dokkupy_docker.lost_volumes import causes

    return causes(host, AppName(evidence.app))


@hookimpl(optionalhook=True)  # of dokkupy-storage, which may not be installed
def mounting_options(host: Host, app: AppName) -> Iterable[tuple[str, str, str]]:
    from dokkupy_docker.options.stored import placed

    return [one for one in placed(host, app) if one[2].startswith(("-v", "--volume"))]


@hookimpl(optionalhook=True)  # a hook of dokkupy-storage, which may not be installed
def post_mounts_migrate(host: Host, app: AppName, options: Collection[tuple[str, str, str]], tx: Transaction) -> None:
    from dokkupy_docker.options.stored import DockerOptionsFile, without

    tx.save(without(host.store.load(DockerOptionsFile, app), options), app)


@hookimpl(optionalhook=True)  # a hook of dokkupy-disk, which may not be installed
def disk_directories(host: Host) -> Iterable[str]:
    if not is_engine(host):
        return []
    from dokkupy_docker.engine import configured_root

    return [configured_root()]


@hookimpl(optionalhook=True)  # a hook of dokkupy-disk, which may not be installed
def disk_usage(host: Host, app: AppName | None) -> Iterable[DiskUse]:
    if not is_engine(host):
        return []
    from dokkupy_docker.disk import usage

    return usage(host, app)


@hookimpl(optionalhook=True)  # a hook of dokkupy-disk, which may not be installed
def reclaimable(host: Host, app: AppName | None) -> Iterable[Reclaimable]:
    if not is_engine(host):
        return []
    from dokkupy_docker.disk import offers

    return offers(host, app)


def is_engine(host: Host) -> bool:
    """Whether the host's engine is Docker, and not another plugin's."""
    from dokkupy_docker.engine import DockerEngine

    return isinstance(host.engine(), DockerEngine)


@hookimpl
def setup_changes(host: Host, dry_run: bool) -> Iterable[str]:
    from dokkupy_docker.group import join
    from dokkupy_docker.isolation.install import set_up

    return [*join(dry_run=dry_run), *set_up(host, dry_run=dry_run)]


@hookimpl
def teardown_changes(host: Host, dry_run: bool) -> Iterable[str]:
    from dokkupy_docker.isolation.install import tear_down

    return tear_down(dry_run=dry_run)


@hookimpl
def on_recover(host: Host) -> None:
    from dokkupy_docker.isolation.table import restore

    restore(host)


@hookimpl
def scheduled_jobs(host: Host) -> Iterable[Job]:
    from dokkupy_sdk.model import Job

    return [Job("docker-isolation", 60, "dokkupy_docker.isolation.table:restore")]


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_sdk.model import Finding

    from dokkupy_docker import lost_volumes
    from dokkupy_docker.isolation import firewalls
    from dokkupy_docker.isolation.doctor import finding as isolation

    ready = host.role("engine", "docker").prepare()
    if not ready.ready:
        return [Finding("docker", "error", ready.reason, ready.remedy)]
    first = [Finding("docker", "ok", ready.reason), building(host), isolation(host), *firewalls.findings()]
    return [*first, *lost_volumes.findings(host)] if is_engine(host) else first


def building(host: Host) -> Finding:
    from dokkupy_sdk.model import Finding

    from dokkupy_docker.builds.client import NotInstalled, find_client

    try:
        client = find_client(host)
    except NotInstalled as fault:
        return Finding("docker builds", "error", fault.message, fault.hint)
    from dokkupy_docker.builds.limits import LEAST_ENGINE, engine_version, shared_by_builds

    if shared_by_builds(host, buildkit=client.buildkit) is None:
        return Finding(
            "docker builds",
            "warning",
            f"{client.path} builds without a limit of processes: Docker {engine_version()[0]} cannot limit builds where "
            "systemd makes its cgroups, so a fork bomb in a build takes the host down",
            f"Upgrade Docker to {LEAST_ENGINE} or newer.",
        )
    if client.buildkit:
        return Finding("docker builds", "ok", f"{client.path} builds with BuildKit")
    return Finding(
        "docker builds",
        "warning",
        f"{client.path} has no BuildKit: builds use the classic builder (no cache mounts, no secrets)",
        "Install the package docker-buildx-plugin (Docker's) or docker-buildx (Debian's).",
    )
