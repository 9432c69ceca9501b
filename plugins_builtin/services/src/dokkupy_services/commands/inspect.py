"""Commands that show a service: whether it exists, its details, its logs."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt
from dokkupy_sdk.names import Count, digits

from dokkupy_services.commands.parameters import Name, found


def add_inspect(group: Group, kind: str, title: str) -> None:
    @group.command("exists", permission="service:read")
    def exists(host: Host, service: Name) -> CommandResult:
        """Exit with 0 if a service exists, else with 1."""
        from dokkupy_services import records

        if not records.has(host, kind, service):
            raise records.no_service(host, kind, service)
        host.out.section(f"Service {service} exists")
        return CommandResult({"service": service, "exists": True})

    @group.command("list", permission="service:read")
    def list_services(host: Host) -> CommandResult:
        """List the services of this kind."""
        from dokkupy_sdk.access import caller

        from dokkupy_services import records

        found, broken = records.visible(host, kind)
        names = [str(one.name) for one in found]
        if not names and not broken:
            me = caller(host)
            of_whom = "" if me.role == "admin" else f" that the key {me.name} may use"
            host.out.warn(f"There are no {title} services{of_whom}")
        for subject, fault in broken:
            host.out.warn(f"{subject} is broken: {fault.message}. {fault.hint}")
        return CommandResult(names, names, header=f"{title} services" if names else "", status=1 if broken else 0)

    @group.command("info", permission="service:read")
    def info(
        host: Host,
        service: Name,
        *,
        verbose: Annotated[bool, Opt("--verbose", help="Also show empty values on a terminal")] = False,
        flags: Annotated[list[str], Opt(unknown=True, complete="dokkupy_services.completers:info_flags")] = [],  # noqa: B006
    ) -> CommandResult:
        """Print a service's details, or with a flag such as --dsn one value.

        KIND:info db
        KIND:info db --dsn
        """
        from dokkupy_services import records, report

        return report.info(host, found(host, kind), records.read(host, kind, service), flags, whole=verbose)

    @group.command("logs", permission="service:read", formats=False)
    def logs(
        host: Host,
        service: Name,
        number: Annotated[str, Arg("lines")] = "",
        *,
        tail: Annotated[bool, Opt("--tail", "-t", help="Follow: print new lines as they arrive")] = False,
        num: Annotated[Count | None, Opt("--num", help="Number of lines, counted from the end")] = None,
    ) -> None:
        """Print the server's log.

        KIND:logs db 100
        """
        from dokkupy_services import records, report

        lines = digits(number) if num is None else num
        report.print_logs(host, records.read(host, kind, service), lines, follow=tail)
