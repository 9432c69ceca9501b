"""Commands that mount directories of the host and docker volumes into a service."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt
from dokkupy_sdk.errors import UserError

from dokkupy_services.commands.parameters import Name, found
from dokkupy_services.names import Mount, ServiceName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_services.model import Service

Mounts = Annotated[list[Mount], Arg("source:directory[:options]", "Such as /srv/files:/opt/files:ro")]


def add_mounts(group: Group, kind: str) -> None:
    @group.command("mount", permission="host:write", mutating=True)
    def mount(
        host: Host,
        service: Name,
        mounts: Mounts,
        *,
        replace: Annotated[bool, Opt("--replace", help="Remove the service's other mounts")] = False,
        volume_readonly: Annotated[bool, Opt("--volume-readonly", help="The service cannot write to it")] = False,
        volume_options: Annotated[str, Opt("--volume-options", help="Docker's options of a mount, such as ro,z")] = "",
        volume_subpath: Annotated[
            str, Opt("--volume-subpath", noun="PATH", help="Mount this directory of the path")
        ] = "",
        volume_chown: Annotated[
            str, Opt("--volume-chown", noun="USER", help="Only false: the owner is never changed", complete=("false",))
        ] = "",
    ) -> CommandResult:
        """Mount a path of the host or a docker volume into a service at its next restart.

        KIND:mount db /srv/files:/opt/files:ro
        """
        from dokkupy_services.lifecycle import mounts as mounting

        added = mounting.with_flags(
            mounts, read_only=volume_readonly, options=volume_options, subpath=volume_subpath, chown=volume_chown
        )
        after = mounting.mount(host, found(host, kind), service, added, replaces=replace)
        return mounted(host, kind, service, after)

    @group.command("unmount", permission="host:write", mutating=True)
    def unmount(
        host: Host,
        service: Name,
        mount: Annotated[Mount | None, Arg("source:directory", complete="dokkupy_services.completers:mounts")] = None,
        *,
        every: Annotated[bool, Opt("--all", help="Remove all mounts")] = False,
    ) -> CommandResult:
        """Remove a mount of a service at its next restart. The directory or volume itself stays.

        KIND:unmount db /srv/files:/opt/files
        KIND:unmount db --all
        """
        from dokkupy_services import records
        from dokkupy_services.lifecycle import mounts as mounting

        if (mount is None) is not every:
            raise UserError("Give the mount to remove, SOURCE:DIRECTORY, or --all")
        had_any = bool(records.read(host, kind, service).mounts)
        after = mounting.unmount(host, found(host, kind), service, mount)
        return mounted(host, kind, service, after, changed=had_any)


def mounted(host: Host, kind: str, name: ServiceName, after: Service, *, changed: bool = True) -> CommandResult:
    for text in after.mounts:
        host.out.section(f"Mounted: {text}")
    if not after.mounts:
        host.out.section(f"{after.subject} has no mounts")
    if changed:
        host.out.detail(f"It takes effect with the next restart: {kind}:restart {name}")
    return CommandResult({"service": name, "mounts": list(after.mounts)})
