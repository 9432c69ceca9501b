"""`audit:list`, `audit:verify`, `audit:restart`."""

from __future__ import annotations

from dokkupy_sdk.access import is_admin
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt
from dokkupy_sdk.names import AppName, Count
from dokkupy_sdk.table import Column

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dokkupy_host.audit.trail import Line

COLUMNS = (Column("WHEN"), Column("WHO"), Column("EXIT", right=True), Column("COMMAND", wraps=True))

group = Group("audit", "Show who ran which command, and verify that this record is unchanged", bare="list")


@group.command("list", permission="app:read")
def show(
    host: Host,
    app: Annotated[AppName | None, Arg("app", "Only commands on this app, which may have been destroyed")] = None,
    *,
    who: Annotated[
        str,
        Opt(
            "--who",
            noun="NAME",
            help="Only commands of this local user, or of the SSH key with this name",
            complete="dokkupy_host.audit.completers:people",
        ),
    ] = "",
    since: Annotated[
        str, Opt("--since", noun="TIME", help="Only commands since this time: 30m, 2h, 7d, or 2026-01-31T12:00Z")
    ] = "",
    failed: Annotated[bool, Opt("--failed", help="Only commands that failed or were denied")] = False,
    num: Annotated[Count, Opt("--num", "-n", help="Number of entries")] = 100,
) -> CommandResult:
    """List the latest commands: when, who, exit status and arguments without secrets.

    audit:list blog --since 2h
    """
    from collections import deque

    from dokkupy_host.audit.seen import seen
    from dokkupy_host.audit.since import start_of
    from dokkupy_host.audit.trail import lines

    start = start_of(since)
    wanted = (
        line
        for line in seen(host, lines(host))
        if line.number
        and (app is None or line.app == app)
        and (not who or line.who in (who, f"key:{who}"))
        and line.time >= start
        and (not failed or line.status)
    )
    rows = [row(line) for line in deque(wanted, maxlen=num)]
    import time

    from dokkupy_sdk.table import listing

    now = time.time()
    lines_elsewhere = (f"{r['time']} {r['who'] or '-'} {r['status']} {r['command']}" for r in rows)
    cells = [command_cells(one, now) for one in rows]
    return listing(
        rows,
        COLUMNS,
        cells,
        elsewhere=["", *lines_elsewhere],
        empty="No such command was run" if is_admin(host) else "No such command was run on your apps",
    )


def command_cells(row: Mapping[str, Any], now: float, terminal: bool | None = None) -> tuple[str, ...]:
    from dokkupy_sdk.lines import when

    who = str(row["who"]).removeprefix("key:") or "-"
    return when(str(row["time"]), now, terminal), who, str(row["status"]), str(row["command"])


def row(line: Line) -> dict[str, Any]:
    names = ("number", "time", "who", "app", "command", "status")
    return {name: getattr(line, name) for name in names}


@group.command("verify", permission="host:read", keeps_root=True)
def check(host: Host) -> CommandResult:
    """Verify that no line of the audit was changed, removed or added; exit with 1 if one was."""
    from dokkupy_host.audit.finding import examine_audit

    verdict, is_sealed = examine_audit(host)
    data = {"lines": verdict.lines, "sealed": verdict.sealed, "problems": list(verdict.problems)}
    for problem in verdict.problems:
        host.out.warn(problem)
    if verdict.problems:
        host.out.warn("Find out who did it, then: sudo dokkupy audit:restart")
        return CommandResult(data, status=1)
    if not is_sealed:
        host.out.warn(
            "Only the line numbers were checked, because only root can read the first key. On the "
            "server: sudo dokkupy audit:verify"
        )
        return CommandResult(data, [f"The line numbers 1 to {verdict.lines} have no gap"])
    return CommandResult(data, [f"The audit is complete: {verdict.lines} lines, {verdict.sealed} of them sealed"])


@group.command("restart", permission="host:write", root=True, mutating=True)
def restart(host: Host) -> CommandResult:
    """Begin a new audit with a new first key, and keep the old one beside it. Use it after you investigated a problem."""
    from dokkupy_host.audit.restart import begin, old_place

    place = old_place(host)
    host.act(f"move the audit to {place} and create a new first key", lambda: begin(host, place))
    return CommandResult({"old": place}, [f"-----> A new audit begins; the old one is in {place}"])
