"""Commands that create, rename and destroy a service."""

from __future__ import annotations

from typing import Annotated

from dokkupy_sdk.cli import CommandResult, Group, Host, Opt, confirm
from dokkupy_sdk.errors import NotFound

from dokkupy_services.commands.parameters import (
    NETWORKS,
    Config,
    Cpus,
    Custom,
    Image,
    Initial,
    Memory,
    Name,
    NewName,
    Password,
    PostCreate,
    PostStart,
    Restart,
    RootPassword,
    Shm,
    Version,
    found,
    service_options_of,
    wished,
)
from dokkupy_services.names import ServiceName, linked_apps


def add_create_destroy(group: Group, kind: str, title: str) -> None:
    @group.command("create", permission="host:write", mutating=True, secret_args=1)
    def create(
        host: Host,
        service: Name,
        *,
        config_options: Config = "",
        custom_env: Custom = "",
        image: Image = "",
        image_version: Version = "",
        memory: Memory = "",
        initial_network: Initial = "",
        password: Password = "",
        post_create_network: PostCreate = "",
        root_password: RootPassword = "",
        post_start_network: PostStart = "",
        shm_size: Shm = "",
        restart_policy: Restart = "",
        cpus: Cpus = "",
    ) -> CommandResult:
        """Create a service."""
        from dokkupy_services import lifecycle, report

        wish = service_options_of(
            image or wished(kind, "IMAGE"),
            image_version or wished(kind, "IMAGE_VERSION", unless=image),
            config_options or wished(kind, "CONFIG_OPTIONS"),
            custom_env or wished(kind, "CUSTOM_ENV"),
            memory,
            shm_size,
            restart_policy,
            cpus,
            password,
            root_password,
        )
        networks = dict(zip(NETWORKS, (initial_network, post_create_network, post_start_network), strict=True))
        made = lifecycle.create(host, found(host, kind), service, wish, networks=networks)
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
        """Destroy a service; its data is kept for some days, see services:trash."""
        return destroyed(host, kind, title, service, force=force, purge=purge)

    @group.command("rename", permission="host:write", mutating=True)
    def rename(host: Host, service: Name, new_service: NewName) -> CommandResult:
        """Rename a service; linked apps keep working."""
        from dokkupy_services import lifecycle

        lifecycle.rename(host, found(host, kind), service, new_service)
        host.out.title(f"Renamed {service} to {new_service}")
        return CommandResult({"service": new_service, "was": service})


def destroyed(host: Host, kind: str, title: str, service: ServiceName, *, force: bool, purge: bool) -> CommandResult:
    from dokkupy_services import lifecycle, records

    if not records.is_there(host, kind, service):
        raise NotFound(f"{title} service {service} does not exist")
    if not force and not linked_apps(host, kind, service):
        confirm(host, service, f"{kind} service {service}" + (" with its data" if purge else ""))
    host = host.for_invocation(force=host.force or force)  # whoever else is asked before it goes does not ask either
    host.out.announce(f"Deleting {service}")
    one = lifecycle.destroy(host, kind, service, purge=purge)
    host.out.title(f"{title} container deleted: {service}")
    return CommandResult({"service": service, "data-kept": not purge and (one is None or bool(one.volume))})
