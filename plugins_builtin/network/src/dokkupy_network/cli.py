"""The commands of the namespace `network`."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt, confirm
from dokkupy_sdk.errors import Conflict, NotFound
from dokkupy_sdk.lines import when
from dokkupy_sdk.names import AppName
from dokkupy_sdk.table import Column, listing, report

from dokkupy_network.names import NetworkName, require_shared, split
from dokkupy_network.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dokkupy_sdk.roles import Network

group = Group("network", "Manage networks that several apps share")

Name = Annotated[NetworkName, Arg("network")]
JOINING = ("initial-network", "attach-post-create", "attach-post-deploy")


@group.command("create", permission="host:write", mutating=True)
def create(host: Host, network: Annotated[NetworkName, Arg("network", complete=())]) -> CommandResult:
    """Create a network that apps can join."""
    from datetime import UTC, datetime

    from dokkupy_sdk.operation import call, operation

    from dokkupy_network.stored import NetworkFile, make, present

    require_shared(network)
    with operation(host, "network:create", "networks") as tx:
        if network in present(host):
            raise Conflict(
                f"Network {network} already exists",
                hint=f"Choose another name, or use this network: network:info {network}",
            )
        host.out.section(f"Creating network {network}")
        tx.register_undo("create the network", call(remove_empty, name=str(network)))
        tx.save(NetworkFile(created_at=datetime.now(UTC).isoformat(timespec="seconds")), network)
        tx.step(f"create {network}", lambda: make(host, name=network))
    return CommandResult({"network": network})


def remove_empty(host: Host, *, name: str) -> None:
    """Undo of a creation."""
    host.networks().remove(name)


@group.command("destroy", permission="host:write", mutating=True)
def destroy(
    host: Host, network: Name, *, force: Annotated[bool, Opt("--force", "-f", help="Do not ask")] = False
) -> CommandResult:
    """Destroy a network without containers that no app is set to join."""
    from dokkupy_sdk.operation import call, operation

    from dokkupy_network.attach import users
    from dokkupy_network.stored import NetworkFile, known, make, present

    require_shared(network)
    if network not in present(host) and network not in known(host):
        raise NotFound(f"Network {network} does not exist", hint="List the networks: network:list")
    if apps := users(host, network):
        raise Conflict(
            f"The apps {', '.join(apps)} are set to join the network {network}",
            hint=f"Remove it from the app first: dokkupy network:set {apps[0]} attach-post-create (or "
            "attach-post-deploy, initial-network)",
        )
    inside = [one.name for one in host.containers().find_all({}) if network in one.addresses]
    if inside:
        raise Conflict(
            f"Containers are in the network {network}: {', '.join(sorted(inside))}",
            hint="An app leaves a network with its next deploy or ps:restart.",
        )
    if not force:
        confirm(host, network, f"network {network}")
    with operation(host, "network:destroy", "networks", takes_away=True) as tx:
        host.out.section(f"Destroying network {network}")
        again = call(make, name=network) if network in present(host) else None
        tx.step(f"remove {network}", lambda: host.networks().remove(network), undo=again)
        tx.remove(NetworkFile, network)
    return CommandResult({"network": network})


@group.command("exists", permission="host:read")
def exists(host: Host, network: Name) -> CommandResult:
    """Exit with 0 if a network exists, else with 1."""
    if host.networks().find(network) is None:
        raise absent(host, network)
    return CommandResult({"network": network, "exists": True}, header="" if host.out.is_json else "Network exists")


def absent(host: Host, network: NetworkName) -> NotFound:
    """The error about a network that the engine does not have."""
    from dokkupy_network.stored import known

    lost = "The engine lost it, for example by docker network prune. To create it again: dokkupy recover"
    return NotFound(
        f"Network {network} does not exist", hint=lost if network in known(host) else "List the networks: network:list"
    )


@group.command("info", permission="host:read")
def info(host: Host, network: Name) -> CommandResult:
    """Show a network's details and the containers in it."""
    found = host.networks().find(network)
    if found is None:
        raise absent(host, network)
    row = row_of(found)
    row["Containers"] = sorted(one.name for one in host.containers().find_all({}) if network in one.addresses)
    shown = {**row, "Containers": " ".join(row["Containers"]), "Labels": pairs(row["Labels"])}
    lines = report((label(key), text(value)) for key, value in sorted(shown.items()))
    return CommandResult(row, lines, header=f"{network} network information")


def row_of(found: Network) -> dict[str, Any]:
    """As Dokku's JSON has a network."""
    from dokkupy_network.stored import LABEL

    return {
        "CreatedAt": found.created,
        "DokkuManaged": LABEL in found.labels,
        "Driver": found.driver,
        "ID": found.id,
        "IPv6": found.ipv6,
        "Internal": found.internal,
        "Labels": dict(found.labels),
        "Name": found.name,
        "Scope": found.scope,
    }


def label(key: str) -> str:
    return {"CreatedAt": "Created at", "DokkuManaged": "Dokku managed"}.get(key, key)


def text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def pairs(labels: dict[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in sorted(labels.items()))


@group.command("list", permission="host:read")
def list_networks(
    host: Host,
    *,
    managed: Annotated[bool, Opt("--dokku-managed", help="Only networks created by network:create")] = False,
) -> CommandResult:
    """List the engine's networks."""
    import time

    from dokkupy_network.stored import LABEL

    found = host.networks().find_all({LABEL: ""} if managed else {})
    rows = [row_of(one) for one in sorted(found, key=lambda one: one.name)]
    now = time.time()
    names = ["", *(row["Name"] for row in rows)]
    return listing(
        rows,
        NETWORKS,
        [network_cells(row, now) for row in rows],
        elsewhere=names,
        header="Networks",
        empty="There is no network that apps share: network:create NAME",
    )


NETWORKS = (
    Column("NAME"),
    Column("DRIVER", optional=2),
    Column("SCOPE", optional=3),
    Column("REACHES"),
    Column("MADE", optional=1),
)


def network_cells(row: Mapping[str, Any], now: float, terminal: bool | None = None) -> tuple[str, ...]:
    reaches = "the host alone" if row["Internal"] else "the internet"
    return row["Name"], row["Driver"], row["Scope"], reaches, when(row["CreatedAt"], now, terminal)


@group.command("rebuild", permission="app:write", mutating=True)
def rebuild(host: Host, app: AppName) -> CommandResult:
    """Create missing networks of an app again, and connect its instances to networks that they should be in."""
    host.store.require_app(app)
    rejoin(host, app)
    return CommandResult({"app": app})


@group.command("rebuildall", permission="host:write", mutating=True)
def rebuild_all(host: Host) -> CommandResult:
    """Run `network:rebuild` for every app."""
    from dokkupy_sdk.access import visible_apps
    from dokkupy_sdk.many import over_each, warn_of

    done, failed = over_each(visible_apps(host), lambda app: rejoin(host, app))
    warn_of(host, failed)
    return CommandResult({"apps": [app for app, _ in done]}, status=min(len(failed), 125))


def rejoin(host: Host, app: AppName) -> None:
    from dokkupy_apps.releases.records import current
    from dokkupy_sdk.operation import operation

    from dokkupy_network.attach import every, join, require_present

    with operation(host, "network:rebuild", f"app:{app}") as tx:
        names = every(host, app)
        require_present(host, app, names)
        _, instances = current(host, app)
        tx.step("join the networks", lambda: join(host, app, instances, names))


def judge(host: Host, app: AppName | None, name: str, value: str) -> None:
    """Raises NotFound for a network that was never created."""
    from dokkupy_network.stored import known, present

    if name in JOINING:
        there = {*present(host), *known(host)}
        for network in split(value):
            if network not in there:
                raise NotFound(f"Network {network} does not exist", hint="List the networks: network:list")


def extra(host: Host, app: AppName | None) -> dict[str, Any]:
    if app is None:
        return {}
    from dokkupy_apps.releases.records import current

    _, instances = current(host, app)
    return {"web-listeners": " ".join(f"{one.address}:{one.port}" for one in instances if one.process == "web")}


BEYOND = ("computed-static-web-listener",)
"""Values that Dokku does not report, because the property has only one value."""

# An app that joins a network reaches everything in it, and can be reached from it, so an admin decides.
add_property_commands(group, SETTINGS, permission="app:admin", judge=judge, extra=extra, beyond=BEYOND)
