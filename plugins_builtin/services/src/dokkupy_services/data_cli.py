"""The commands of datastores that have dumps: export, import, clone."""

from __future__ import annotations

import sys

from dokkupy_sdk.cli import CommandResult, Group, Host
from dokkupy_sdk.errors import UserError

from dokkupy_services import cli


def add_data(group: Group, kind: str, title: str) -> None:
    @group.command("export", permission="host:write", formats=False)
    def export(host: Host, service: cli.Name) -> None:
        """Write a dump of the service to standard output."""
        from dokkupy_services import moving, pipes, records
        from dokkupy_services.container import Exec

        one = records.read(host, kind, service)
        moving.require_running(host, one)
        if sys.stdout.isatty():
            raise UserError(
                "A dump is not for a terminal",
                hint=f"{kind}:export {service} > {service}.{cli.found(host, kind).suffix}",
            )
        sys.stdout.flush()
        pipes.export_to(cli.found(host, kind), Exec(host, one, one.container), sys.stdout.buffer)

    @group.command("import", permission="host:write", mutating=True)
    def import_dump(host: Host, service: cli.Name) -> CommandResult:
        """Replace the service's data with a dump read from standard input; if that fails, nothing changes."""
        from dokkupy_services import imports, moving, pipes, records

        one, datastore = records.read(host, kind, service), cli.found(host, kind)
        moving.require_running(host, one)
        if sys.stdin.isatty():
            raise UserError(
                "No data provided on standard input",
                hint=f"{kind}:import {service} < {service}.{cli.found(host, kind).suffix}",
            )
        pieces = imports.read(datastore, one, iter(lambda: sys.stdin.buffer.read(pipes.PIECE), b""))
        moved = moving.put_content(host, datastore, service, pieces, "import")
        host.out.section(f"Imported into {service}")
        return cli.told_moved(host, kind, moved, restart=False)

    @group.command("clone", permission="host:write", mutating=True, secret_args=2)
    def clone(
        host: Host,
        service: cli.Name,
        new_service: cli.NewName,
        *,
        config_options: cli.Config = "",
        custom_env: cli.Custom = "",
        image: cli.Image = "",
        image_version: cli.Version = "",
        memory: cli.Memory = "",
        initial_network: cli.Initial = "",
        password: cli.Password = "",
        post_create_network: cli.PostCreate = "",
        root_password: cli.RootPassword = "",
        post_start_network: cli.PostStart = "",
        shm_size: cli.Shm = "",
        restart_policy: cli.Restart = "",
        cpus: cli.Cpus = "",
    ) -> CommandResult:
        """Create a new service with a copy of the data."""
        from dokkupy_services import moving, report

        wish = cli.service_options_of(
            image,
            image_version,
            config_options,
            custom_env,
            memory,
            shm_size,
            restart_policy,
            cpus,
            password,
            root_password,
        )
        datastore = cli.found(host, kind)
        networks = dict(zip(cli.NETWORKS, (initial_network, post_create_network, post_start_network), strict=True))
        made = moving.clone(host, datastore, service, new_service, wish, networks=networks)
        host.out.title(f"{title} container created: {new_service}")
        return report.info(host, datastore, made)
