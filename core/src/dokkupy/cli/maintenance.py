"""The host's own commands: `tick`, `recover`, `doctor`, `events`."""

from __future__ import annotations

from typing import Annotated

from dokkupy.cli.declare import Arg, CommandResult, Group, Opt
from dokkupy.kernel.host import Host
from dokkupy.model.names import AppName

tick_group = Group("tick", "Run the jobs that are due", bare="")
recover_group = Group("recover", "Finish or undo interrupted operations", bare="")
doctor_group = Group("doctor", "Check the host and say how to fix it", bare="")
events_group = Group("events", "Show what happened on this host", bare="")


@tick_group.command("", permission="host:write")
def tick(
    host: Host,
    *,
    within: Annotated[
        int,
        Opt(
            "--within",
            help="Seconds to wait for jobs; those still running then continue in the background; 0 waits for all",
        ),
    ] = 0,
) -> CommandResult:
    """Remove replaced instances, recover interrupted operations, and run the plugins' jobs that are due."""
    from dokkupy.usecases.maintenance import do_tick

    lines = do_tick(host, within or None)
    return CommandResult(lines, [f"-----> {line}" for line in lines])


NOTHING = ["Nothing was interrupted; every app is as its state says"]


@recover_group.command("", permission="host:write", mutating=True)
def recover(
    host: Host, *, boot: Annotated[bool, Opt("--boot", help="Wait for the engine first, as after a boot")] = False
) -> CommandResult:
    """Finish or undo interrupted operations and bring every app to what its state says."""
    from dokkupy.usecases.maintenance import describe_unfinished, recover_all

    if host.dry_run:
        host.plan += describe_unfinished(host)
        return CommandResult()
    lines, failed = recover_all(host, boot=boot)
    told = lines or ([] if failed else NOTHING)
    return CommandResult(
        {"done": lines, "failed": failed}, [f"-----> {line}" for line in told], status=1 if failed else 0
    )


@doctor_group.command("", permission="host:read", keeps_root=True)
def doctor(host: Host) -> CommandResult:
    """Check the host; the exit status is 1 when something is broken."""
    from dokkupy.usecases.maintenance import examine

    findings = examine(host)
    rows = [{"check": f.check, "level": f.level, "message": f.message, "remedy": f.remedy} for f in findings]
    lines = []
    for row in rows:
        mark = {"ok": "ok     ", "warning": "warning", "error": "ERROR  "}[row["level"]]
        lines.append(f"{mark} {row['check']}: {row['message']}")
        if row["remedy"]:
            lines.append(f"        {row['remedy']}")
    return CommandResult(rows, lines, status=1 if any(row["level"] == "error" for row in rows) else 0)


@events_group.command("", permission="host:read")
def events(
    host: Host,
    app: Annotated[AppName | None, Arg("app", "Only the events of this app, also of one that was destroyed")] = None,
    *,
    num: Annotated[int, Opt("--num", "-n", help="Number of entries")] = 100,
    tail: Annotated[bool, Opt("--tail", "-t", help="Follow: print new events as they arrive")] = False,
) -> CommandResult:
    """Show the latest events, of one app or of all."""
    import sys

    from dokkupy.cli.output import harmless
    from dokkupy.usecases.history import follow, latest

    rows = latest(host, max(1, num), app)
    if tail:
        for line in follow(host, rows, app):
            sys.stdout.write(harmless(line) + "\n")
            sys.stdout.flush()
        return CommandResult(rows)
    from dokkupy.usecases.history import told

    return CommandResult(rows, [harmless(told(row)) for row in rows])
