"""Commands that create, rename and destroy a service."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, CommandResult, Group, Host, Opt, confirm

from dokkupy_services.commands.parameters import Name, NewName, NewServiceOptions, found, wished
from dokkupy_services.names import ServiceName, linked_apps


def add_create_destroy(group: Group, kind: str, title: str) -> None:
    @group.command("create", permission="host:write", mutating=True, secret_args=1)
    def create(host: Host, service: Name, *, options: NewServiceOptions) -> CommandResult:
        """Create a service.

        KIND:create db
        KIND:create db --memory 1g
        """
        from dokkupy_services import report
        from dokkupy_services.lifecycle import service as lifecycle

        options.image_version = options.image_version or wished(kind, "IMAGE_VERSION", unless=options.image)
        options.image = options.image or wished(kind, "IMAGE")
        options.config_options = options.config_options or wished(kind, "CONFIG_OPTIONS")
        options.custom_env = options.custom_env or wished(kind, "CUSTOM_ENV")
        made = lifecycle.create(host, found(host, kind), service, options.of_service(), networks=options.networks)
        host.out.title(f"{title} container created: {service}")
        return report.info(host, found(host, kind), made)

    @group.command("destroy", permission="host:write", mutating=True)
    def destroy(
        host: Host,
        service: Name,
        *,
        force: Annotated[bool, Opt("--force", "-f", help="Do not ask")] = False,
        purge: Annotated[bool, Opt("--purge", help="Delete the data immediately")] = False,
    ) -> CommandResult:
        """Destroy a service. Its data is kept for some days (services:trash)."""
        return destroyed(host, kind, title, service, force=force, purge=purge)

    @group.command("rename", permission="host:write", mutating=True)
    def rename(host: Host, service: Name, new_service: NewName) -> CommandResult:
        """Rename a service. Linked apps keep working."""
        from dokkupy_services.lifecycle import service as lifecycle

        lifecycle.rename(host, found(host, kind), service, new_service)
        host.out.title(f"Renamed {service} to {new_service}")
        return CommandResult({"service": new_service, "was": service})


def destroyed(host: Host, kind: str, title: str, service: ServiceName, *, force: bool, purge: bool) -> CommandResult:
    from dokkupy_services import records
    from dokkupy_services.lifecycle import service as lifecycle

    if not records.is_there(host, kind, service):
        raise records.no_service(host, kind, service)
    if not force and not linked_apps(host, kind, service):
        confirm(host, service, f"{kind} service {service}" + (" with its data" if purge else ""))
    host = host.for_invocation(force=host.force or force)  # hooks do not ask for a confirmation either
    host.out.announce(f"Deleting {service}")
    one = lifecycle.destroy(host, kind, service, purge=purge)
    host.out.title(f"{title} container deleted: {service}")
    return CommandResult({"service": service, "data-kept": not purge and (one is None or bool(one.volume))})
