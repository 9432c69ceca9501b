"""The commands of datastores that have dumps: export, import, clone."""

from __future__ import annotations

import sys

from dokkupy_sdk.cli import CommandResult, Group, Host
from dokkupy_sdk.errors import UserError

from dokkupy_services.commands.change import moved_result
from dokkupy_services.commands.parameters import Name, NewName, NewServiceOptions, found


def add_data(group: Group, kind: str, title: str) -> None:
    @group.command("export", permission="service:connect", formats=False)
    def export(host: Host, service: Name) -> None:
        """Write a dump of the service to standard output.

        KIND:export db > db.dump
        """
        from dokkupy_services import records
        from dokkupy_services.data import moving, pipes
        from dokkupy_services.lifecycle.container import Exec

        one = records.read(host, kind, service)
        moving.require_running(host, one)
        if sys.stdout.isatty():
            raise UserError(
                "A dump cannot be written to a terminal",
                hint=f"{kind}:export {service} > {service}.{found(host, kind).suffix}",
            )
        sys.stdout.flush()
        pipes.export_to(found(host, kind), Exec(host, one, one.container), sys.stdout.buffer)

    @group.command("import", permission="service:write", mutating=True)
    def import_dump(host: Host, service: Name) -> CommandResult:
        """Replace the service's data with a dump read from standard input; if that fails, nothing changes.

        KIND:import db < db.dump
        """
        from dokkupy_services import records
        from dokkupy_services.data import imports, moving, pipes

        one, datastore = records.read(host, kind, service), found(host, kind)
        moving.require_running(host, one)
        if sys.stdin.isatty():
            raise UserError(
                "No data provided on standard input",
                hint=f"{kind}:import {service} < {service}.{found(host, kind).suffix}",
            )
        pieces = imports.read(datastore, one, iter(lambda: sys.stdin.buffer.read(pipes.PIECE), b""))
        moved = moving.put_content(host, datastore, service, pieces, "import")
        host.out.section(f"Imported into {service}")
        return moved_result(host, kind, moved, restart=False)

    @group.command("clone", permission="host:write", mutating=True, secret_args=2)
    def clone(host: Host, service: Name, new_service: NewName, *, options: NewServiceOptions) -> CommandResult:
        """Create a new service with a copy of the data."""
        from dokkupy_services import report
        from dokkupy_services.data import moving

        datastore = found(host, kind)
        made = moving.clone(host, datastore, service, new_service, options.of_service(), networks=options.networks)
        host.out.title(f"{title} container created: {new_service}")
        return report.info(host, datastore, made)
