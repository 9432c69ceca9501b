"""Reconcile the containers with the state: what should run is started, and every other container of an app is
removed."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import operation
from dokkupy_sdk.state import FormationFile

from dokkupy_apps.desired.properties import starts_at_boot
from dokkupy_apps.desired.status import should_run
from dokkupy_apps.processes.start_stop import bring_back
from dokkupy_apps.releases.records import current, require_pointer
from dokkupy_apps.rollout.retire import retire_due, retiring
from dokkupy_apps.routing.reroute import reroute
from dokkupy_apps.routing.routes import allocate_port, proxy_enabled
from dokkupy_apps.routing.waiting_page import update_waiting_page


def reconcile(host: Host, app: AppName, *, watched: bool = False) -> list[str]:
    """Reconcile one app with its state, after its unfinished operations were completed or rolled back. Returns a line
    for each change.

    watched: started instances are checked; see `bring_back`.
    """
    lines: list[str] = []
    if not host.store.has_app(app):
        return lines
    with operation(host, "recover", f"app:{app}") as tx:
        if not host.store.has_app(app):
            return lines  # a rename or destruction was unfinished, and was completed just now
        require_pointer(host, app)
        release, instances = current(host, app)
        scheduler = host.scheduler(app)
        orphans = scheduler.orphans(app, (*instances, *retiring(host, app)))
        if orphans:
            names = ", ".join(one.name for one in orphans)
            tx.step(f"remove {names}", lambda: scheduler.retire(orphans, timeout=10))
            lines.append(f"{app}: removed {names}")
        if release is None:
            tx.step("update the page for visitors", lambda: update_waiting_page(host, app=app))
            return lines
        if proxy_enabled(host, app):
            # If a change of the global domains was killed, the app may have no domain, and therefore requires a port.
            allocate_port(tx, app)
        statuses = host.instances(app).status(instances)
        down = [s.instance.dyno for s in statuses if s.state != "running"]
        if len(down) == len(statuses) and should_run(host, app) and not starts_at_boot(host, app):
            tx.save(
                host.store.load(FormationFile, app).replace(restore=False), app
            )  # it was stopped, and keeps that state
        if should_run(host, app):
            if down:
                bring_back(tx, app, watched=watched)
                lines.append(f"{app}: started {', '.join(down)}")
        else:
            up = [s.instance for s in statuses if s.state not in ("exited", "missing")]
            if up:
                names = ", ".join(one.dyno for one in up)
                tx.step(f"stop {names}", lambda: scheduler.stop(up, timeout=10))
    host.act(f"update the proxy for {app}", lambda: reroute(host, app=app))
    host.act(f"stop the replaced instances of {app}", lambda: retire_due(host, app))
    return lines
