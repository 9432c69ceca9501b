"""The commands of datastores that have dumps: export, import, clone."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import nullcontext

from dokkupy_sdk.cli import Annotated, CommandResult, Group, Host, Opt
from dokkupy_sdk.errors import NotFound, UserError

from dokkupy_services.commands.change import moved_result
from dokkupy_services.commands.parameters import Name, NewName, NewServiceOptions, found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO


def add_data(group: Group, kind: str, title: str) -> None:
    @group.command("export", permission="service:connect", formats=False)
    def export(
        host: Host,
        service: Name,
        *,
        all_databases: Annotated[
            bool, Opt("--all-databases", help="Dump every database of the server, not only the service's own")
        ] = False,
    ) -> None:
        """Write a dump of the service to standard output.

        KIND:export db > db.dump
        """
        from dokkupy_services import records
        from dokkupy_services.data import moving, pipes
        from dokkupy_services.lifecycle.container import Exec

        one = records.read(host, kind, service)
        moving.require_usable(host, found(host, kind), one)
        if sys.stdout.isatty():
            raise UserError(
                "A dump cannot be written to a terminal",
                hint=f"{kind}:export {service} > {service}.{found(host, kind).suffix}",
            )
        sys.stdout.flush()
        pipes.export_to(found(host, kind), Exec(host, one, one.container), sys.stdout.buffer, every=all_databases)

    @group.command("import", permission="service:write", mutating=True)
    def import_dump(
        host: Host,
        service: Name,
        *,
        file: Annotated[
            str, Opt("--file", help="Read this file of the host instead of standard input; only for admins")
        ] = "",
    ) -> CommandResult:
        """Replace the service's data with a dump from standard input. If that fails, nothing changes.

        KIND:import db < db.dump
        """
        from dokkupy_services import records
        from dokkupy_services.data import imports, moving, pipes

        one, datastore = records.read(host, kind, service), found(host, kind)
        moving.require_usable(host, found(host, kind), one)
        if not file and sys.stdin.isatty():
            raise UserError(
                "No data provided on standard input",
                hint=f"{kind}:import {service} < {service}.{found(host, kind).suffix}",
            )
        with open_file(host, file, f"{kind}:import {service}") if file else nullcontext(sys.stdin.buffer) as source:
            pieces = imports.read(datastore, one, iter(lambda: source.read(pipes.PIECE), b""))
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


def open_file(host: Host, path: str, command: str) -> BinaryIO:
    """Open a regular file of the host. Only admins may do so, because the dump could belong to another app. command: what
    reads it. Raises UserError, NotFound."""
    from dokkupy_sdk.access import check_access

    check_access(host, "host:write")
    if not os.path.isabs(path):
        raise UserError(
            f"{path[:80]!r} is not an absolute path of the host",
            hint=f"Give the whole path, which begins with /, or pass the file on standard input: {command} < FILE",
        )
    try:
        opened = open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError as error:
        raise NotFound(
            f"{path} cannot be read: {error.strerror}",
            hint="Check that this file exists on the host, and that root can read it.",
        ) from error
    if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
        opened.close()
        raise UserError(f"{path} is not a regular file")
    return opened
