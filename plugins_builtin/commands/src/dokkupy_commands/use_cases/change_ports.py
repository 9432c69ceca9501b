"""Change the port map: the proxy and the containers follow at once, or nothing changes."""

from __future__ import annotations

from dokkupy_apps.desired.formation import wanted_formation
from dokkupy_apps.desired.status import should_run
from dokkupy_apps.releases.records import current, next_release, own_ports, write_deployment, write_release
from dokkupy_apps.rollout.converge import converge
from dokkupy_apps.rollout.failures import diagnosed
from dokkupy_apps.routing.reroute import apply_route, reroute
from dokkupy_apps.routing.routes import proxy_enabled, stored_route
from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction, call, operation
from dokkupy_sdk.port_map import listening
from dokkupy_sdk.state import PortRow, PortsFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def set_ports(host: Host, verb: str, app: AppName, rows: Sequence[str]) -> None:
    """Replace the app's own port map. A running app gets a new release with it. Its instances are replaced if they must
    listen on another port (PORT). A map to a port on which nothing listens is refused by the check after the switch.
    """
    host.store.require_app(app)
    takes_away = verb in ("remove", "clear")
    with diagnosed(host, app), operation(host, f"ports:{verb}", f"app:{app}", takes_away=takes_away) as tx:
        tx.save(host.store.load(PortsFile, app).replace(map=tuple(map(PortRow, rows))), app)
        follow(tx, app)


def follow(tx: Transaction, app: AppName) -> None:
    host = tx.host
    serving, instances = current(host, app)
    if serving is None or serving.own_ports == own_ports(host, app):
        return
    release = next_release(
        host,
        serving,
        "Set ports",
        own_ports=own_ports(host, app),
        formation=wanted_formation(host, app, serving),
    )
    write_release(tx, release)
    if should_run(host, app):
        moves = listening(release).port != listening(serving).port
        if moves:
            host.out.section(f"Restarting app {app} with PORT={listening(release).port}")
        converge(tx, release, release.formation, kind="ports", replaces=lambda _: moves)
        return
    tx.register_undo("route", call(reroute, app=app))
    write_deployment(tx, release, instances)
    if proxy_enabled(host, app):
        tx.step("switch the proxy", lambda: apply_route(host, stored_route(host, app)))
