"""The commands of the timer and the boot: `tick`, `recover`."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, CommandResult, Group, Host, Opt

from dokkupy_host.timer import RECOVER, TICK

tick_group = Group(TICK, "Run the jobs that are due", bare="")
recover_group = Group(RECOVER, "Finish or undo interrupted operations", bare="")


@tick_group.command("", permission="host:write")
def tick(
    host: Host,
    *,
    within: Annotated[
        int,
        Opt(
            "--within",
            help="Seconds to wait for jobs; jobs that take longer continue in the background; 0: wait for all",
        ),
    ] = 0,
) -> CommandResult:
    """Remove replaced instances, recover interrupted operations, and run the plugins' jobs that are due."""
    from dokkupy_host.timer.maintenance import do_tick

    lines = do_tick(host, within or None)
    return CommandResult(lines, [f"-----> {line}" for line in lines], recorded=bool(lines))


NOTHING = ["Nothing was interrupted; every app runs as its state requires"]


@recover_group.command("", permission="host:write", mutating=True)
def recover(
    host: Host,
    *,
    boot: Annotated[bool, Opt("--boot", help="First wait until the engine runs, as after a boot")] = False,
) -> CommandResult:
    """Finish or undo interrupted operations, and make every app run as its state requires."""
    from dokkupy_host.timer.maintenance import describe_unfinished, recover_all

    if host.dry_run:
        host.plan.extend(describe_unfinished(host))
        return CommandResult()
    lines, failed = recover_all(host, boot=boot)
    shown = lines or ([] if failed else NOTHING)
    return CommandResult(
        {"done": lines, "failed": failed}, [f"-----> {line}" for line in shown], status=1 if failed else 0
    )
