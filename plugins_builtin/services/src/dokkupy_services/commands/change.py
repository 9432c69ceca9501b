"""Commands that change a service: its properties, its ports on the host, its version."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName

from dokkupy_services.commands.links import restarted
from dokkupy_services.commands.parameters import NETWORKS, ContainerOptions, Name, found
from dokkupy_services.names import Exposure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_services.data.moving import Moved


RestartApps = Annotated[
    str,
    Opt("--restart-apps", "-R", help="Restart the linked apps afterwards: true or false", complete=("true", "false")),
]


def add_change(group: Group, kind: str, title: str, version: str) -> None:
    @group.command("set", permission="host:write", mutating=True)
    def set_property(
        host: Host,
        service: Name,
        key: Annotated[str, Arg("key", complete=(*NETWORKS, "restart-policy"))] = "",
        value: Annotated[str, Arg("value", complete="dokkupy_services.completers:values")] = "",
    ) -> None:
        """Set or unset a property: initial-network, post-create-network, post-start-network, restart-policy.

        KIND:set db restart-policy always
        """
        from dokkupy_services.lifecycle import service as lifecycle

        if not key:
            raise UserError("No key specified", hint=f"Keys: {', '.join(NETWORKS)}, restart-policy")
        if key not in (*NETWORKS, "restart-policy"):
            raise UserError(f"Invalid key specified, valid keys include: {', '.join(NETWORKS)}, restart-policy")
        if key in NETWORKS:
            lifecycle.set_network(host, found(host, kind), service, key, value)
        else:
            lifecycle.set_restart_policy(host, found(host, kind), service, value)
        host.out.title(f"Setting {key} to {value}" if value else f"Unsetting {key}")

    @group.command("expose", permission="host:write", mutating=True)
    def expose(
        host: Host,
        service: Name,
        ports: Annotated[list[Exposure], Arg("[address:]port")] = [],  # noqa: B006 - never changed
    ) -> CommandResult:
        """Make the service reachable on a port of the host, by default on 127.0.0.1 only."""
        from dokkupy_services.lifecycle import expose as exposing

        after = exposing.expose(host, found(host, kind), service, ports)
        host.out.section(f"Service {service} exposed on port(s) [container->host]: {exposing.arrows(after)}")
        if exposing.is_open(after):
            host.out.warn("Anyone who can reach this host can now try passwords")
        return CommandResult({"service": service, "exposed": list(after.exposed)})

    @group.command("unexpose", permission="host:write", mutating=True)
    def unexpose(host: Host, service: Name) -> CommandResult:
        """Close the ports of the host that forward to the service."""
        from dokkupy_services.lifecycle import expose as exposing

        exposing.unexpose(host, found(host, kind), service)
        host.out.section(f"Service {service} unexposed")
        return CommandResult({"service": service, "exposed": []})

    @group.command("upgrade", permission="host:write", mutating=True, secret_args=1)
    def upgrade(
        host: Host, service: Name, *, options: ContainerOptions, restart_apps: RestartApps = ""
    ) -> CommandResult:
        """Move a service to another version, with its data.

        KIND:upgrade db --image-version VERSION
        """
        from dokkupy_services.data import moving

        datastore, restart = found(host, kind), is_yes(restart_apps)
        moving.set_networks(host, datastore, service, options.networks)
        moved = moving.upgrade(host, datastore, service, options.of_service())
        return moved_result(host, kind, moved, restart=restart)

    upgrade.__doc__ = (upgrade.__doc__ or "").replace("VERSION", version)

    @group.command("revert", permission="service:write", mutating=True)
    def revert(host: Host, service: Name, *, restart_apps: RestartApps = "") -> CommandResult:
        """Go back to the data and version before the last upgrade, import or restore. Run it again to undo it."""
        from dokkupy_services.data import moving

        restart = is_yes(restart_apps)
        moved = moving.revert(host, found(host, kind), service)
        return moved_result(host, kind, moved, restart=restart)


def is_yes(text: str) -> bool:
    """Raises UserError for a text that is neither yes nor no, before anything is changed."""
    from dokkupy_sdk.settings import boolean

    return bool(text) and boolean(text) == "true"


def moved_result(host: Host, kind: str, moved: Moved, *, restart: bool) -> CommandResult:
    from dokkupy_services import records

    one = moved.service
    if moved.how != "nothing" and not host.dry_run:
        host.out.title(f"{one.name} runs {one.image} ({one.version}); apps could not reach it for {moved.seconds} s")
        if one.previous:
            host.out.detail(f"To go back, until {one.previous['until']}: {kind}:revert {one.name}")
    apps = [link.app for link in records.links(host, one)]
    again = [app for app in apps if restarted(host, AppName(app), restart)]
    return CommandResult(
        {
            "service": one.name,
            "image": one.image,
            "version": one.version,
            "how": moved.how,
            "downtime": moved.seconds,
            "restarted": again,
        }
    )
