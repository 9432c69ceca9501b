"""Stop and start apps. A stopped app keeps its containers; a start resumes them, or replaces them where that is
necessary."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction, call, operation
from dokkupy_sdk.port_map import listening
from dokkupy_sdk.state import FormationFile

from dokkupy_apps.desired.formation import wanted_formation
from dokkupy_apps.desired.status import should_run
from dokkupy_apps.processes.lost_images import with_image
from dokkupy_apps.releases.records import (
    as_tables,
    current,
    from_tables,
    require_deployed,
)
from dokkupy_apps.rollout.converge import converge, resume_instances
from dokkupy_apps.rollout.failures import diagnosed
from dokkupy_apps.routing.reroute import reroute
from dokkupy_apps.routing.routes import proxy_enabled


def stop_app(host: Host, app: AppName) -> None:
    """Stop the processes and keep their containers. The proxy serves a page in their place until `ps:start`. They stay
    stopped at boot."""
    require_deployed(host, app)
    with operation(host, "ps:stop", f"app:{app}") as tx:
        release, instances = current(host, app)
        if release is None:
            return
        timeout = release.stop_timeout
        tx.register_undo("stop instances", call(resume_instances, app=app, instances=as_tables(instances)))
        if proxy_enabled(host, app):
            tx.register_undo("route", call(reroute, app=app))
        tx.save(host.store.load(FormationFile, app).replace(restore=False), app)
        if proxy_enabled(host, app):
            tx.step("stop routing traffic", lambda: reroute(host, app=app))
        names = ", ".join(one.dyno for one in instances)
        tx.step(f"stop {names}", lambda: host.scheduler(app).stop(instances, timeout=timeout))


def start_app(host: Host, app: AppName) -> None:
    """Start what should run: stopped instances are resumed, missing ones are created. They are checked as in a deploy.

    Raises CheckFailed if an instance fails; then everything that was stopped before is stopped again.
    """
    require_deployed(host, app)
    with diagnosed(host, app), operation(host, "ps:start", f"app:{app}") as tx:
        bring_back(tx, app, watched=True)


def bring_back(tx: Transaction, app: AppName, *, watched: bool) -> None:
    """Resume stopped instances and create missing ones. watched: resumed instances are checked before this returns. At
    boot the timer checks them later, because one slow app would delay all others."""
    host = tx.host
    release, instances = current(host, app)
    if release is None:
        return
    release = with_image(tx, release)
    if not should_run(host, app):
        timeout = release.stop_timeout
        tx.register_undo("resume instances", call(stop_again, app=app, instances=as_tables(instances), timeout=timeout))
    # After `ports:set` of a stopped app, its instances would listen on the old port: they are replaced, not resumed.
    lasting = tuple(one for one in instances if one.port in listening(release).candidates)
    running = {row.instance.id for row in host.instances(app).status(lasting) if row.state == "running"}
    names = ", ".join(one.dyno for one in lasting)
    up = tx.step(f"resume {names}", lambda: host.scheduler(app).resume(release, lasting), planned=lasting)
    resumed = tuple(one for one in up if watched and one.id not in running)
    formation = wanted_formation(host, app, release)
    converge(tx, release, formation, kind="restore", replaces=lambda name: False, resumed=resumed)


def stop_again(host: Host, *, app: str, instances: list[dict[str, object]], timeout: int) -> None:

    name = AppName(app)
    host.scheduler(name).stop(from_tables(name, instances), timeout=timeout)
