"""`run` and `run:*`: one-off processes (reference, section 1.26)."""

from __future__ import annotations

import os
import sys
import time

from dokkupy_sdk.cli import Annotated, AppOrAll, Arg, CommandResult, Group, Host, Opt, Rest, Scope, lines_or
from dokkupy_sdk.errors import NotFound, UserError
from dokkupy_sdk.lines import one_line
from dokkupy_sdk.names import AppName, Count
from dokkupy_sdk.table import Column, listing, plain

from dokkupy_run.names import RunContainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dokkupy_sdk.roles import Container as OneOff

    from dokkupy_run.output import Line

group = Group("run", "Run one-off processes inside a container of an app", bare="")

App = Annotated[AppName, Arg("app")]
Env = Annotated[
    list[str],
    Opt(
        "--env",
        "-e",
        noun="KEY=VALUE",
        help="Environment variable KEY=VALUE, for this process only",
        complete="dokkupy_apps.completers:assignments",
    ),
]
Label = Annotated[list[str], Opt("--label", noun="KEY=VALUE", help="Label of the container, KEY=VALUE")]
NoTty = Annotated[bool, Opt("--no-tty", help="Run the command without a terminal")]
ForceTty = Annotated[bool, Opt("--force-tty", help="Run the command with a terminal")]
Ttl = Annotated[int, Opt("--ttl-seconds", help="Seconds after which the command is ended; one day if not given")]
CronId = Annotated[str, Opt("--cron-id", help="Id of the cron task that this process runs")]
Policy = Annotated[
    str,
    Opt(
        "--concurrency-policy",
        help="What to do while a container with the same --cron-id runs: allow, forbid or replace",
        complete=("allow", "forbid", "replace"),
    ),
]
Words = Annotated[list[str], Rest("command")]
Container = Annotated[RunContainer | None, Opt("--container", noun="NAME", help="Only the container of this name")]


@group.command("", permission="app:write", formats=False, secret_args=1)
def run_command(
    host: Host,
    app: App,
    command: Words = [],  # noqa: B006 - never changed
    *,
    env: Env = [],  # noqa: B006
    label: Label = [],  # noqa: B006
    no_tty: NoTty = False,
    force_tty: ForceTty = False,
    ttl_seconds: Ttl = 86400,
    cron_id: CronId = "",
    concurrency_policy: Policy = "allow",
) -> int:
    """Run a command in a new container of the serving code, and exit with its status.

    run blog bash
    run blog python manage.py migrate
    """
    from dokkupy_run.attached import run_attached
    from dokkupy_run.oneoff import RunOptions

    here = sys.stdin.isatty() and sys.stdout.isatty()
    options = RunOptions(
        pairs(env), tuple(label), ttl_seconds, wants_tty(no_tty, force_tty, here), cron_id, concurrency_policy
    )
    return run_attached(host, app, command, options)


@group.command("detached", permission="app:write", mutating=True, secret_args=1)
def detached(
    host: Host,
    app: App,
    command: Words = [],  # noqa: B006
    *,
    env: Env = [],  # noqa: B006
    label: Label = [],  # noqa: B006
    no_tty: NoTty = False,
    force_tty: ForceTty = False,
    ttl_seconds: Ttl = 86400,
    cron_id: CronId = "",
    concurrency_policy: Policy = "allow",
) -> CommandResult:
    """Run a command in the background and print the container's name.

    run:detached blog python import.py
    """
    from dokkupy_run.oneoff import RunOptions, run_detached

    options = RunOptions(
        pairs(env), tuple(label), ttl_seconds, wants_tty(no_tty, force_tty, False), cron_id, concurrency_policy
    )
    name = run_detached(host, app, command, options)
    return CommandResult({"app": app, "name": name}, [name] if name else [])


def wants_tty(no_tty: bool, force_tty: bool, default: bool) -> bool:
    """Whether the command gets a terminal. Flags decide first, then Dokku's variables, then whether the caller has
    one."""
    if force_tty and no_tty:
        raise UserError("--force-tty and --no-tty cannot be combined")
    if force_tty or no_tty:
        return force_tty
    if os.environ.get("DOKKU_DISABLE_TTY"):
        return False
    return bool(os.environ.get("DOKKU_FORCE_TTY")) or default


@group.command("list", permission="app:read")
def list_runs(host: Host, app: App) -> CommandResult:
    """List the one-off containers of an app."""
    from dokkupy_run.oneoff import runs_of

    found = runs_of(host, host.store.require_app(app))
    now = time.time()
    rows = [
        {"name": c.name, "state": c.state, "command": " ".join(c.command), "created_at": created(c.created_at)}
        for c in found
    ]
    cells = [run_cells(row, one.created_at, now) for row, one in zip(rows, found, strict=True)]
    return listing(
        rows,
        RUNS,
        cells,
        elsewhere=plain(DOKKU_RUNS, [(name, one_line(command, 40), at) for name, _, command, at in cells])
        if rows
        else [],
        header=f"{app} run containers",
        empty=f"No one-off container of {app} is running",
    )


RUNS = (Column("NAME"), Column("STATE", optional=1), Column("COMMAND", wraps=True), Column("CREATED"))
DOKKU_RUNS = (Column("NAMES"), Column("COMMAND"), Column("CREATED"))


def run_cells(
    row: Mapping[str, str], created_at: str, now: float, terminal: bool | None = None
) -> tuple[str, str, str, str]:
    from dokkupy_sdk import lines

    for_people = sys.stdout.isatty() if terminal is None else terminal
    age = lines.ago(now - float(created_at)) if for_people and created_at.isdecimal() else ago(now, created_at)
    return row["name"], row["state"], row["command"], age


def created(at: str) -> str:
    """The engine's seconds as Dokku's JSON has them: `2022-08-03 05:47:44 +0000 UTC`."""
    return time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC", time.gmtime(float(at))) if at.isdecimal() else at


def ago(now: float, at: str) -> str:
    if not at.isdecimal():
        return at
    seconds = max(0, int(now - float(at)))
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}{'s' if seconds >= 2 * size else ''} ago"
    return f"{seconds} second{'' if seconds == 1 else 's'} ago"


def chosen(host: Host, app: AppName | None, container: RunContainer | None) -> list[OneOff]:
    """The containers that the command's arguments select."""
    from dokkupy_run.oneoff import run_of, runs_of

    if container:
        one = run_of(host, container)
        if app and one.labels.get("dokkupy.app") != host.store.require_app(app):
            raise NotFound(
                f"Container {container[:80]!r} is not a container of {app}", hint=f"List them: run:list {app}"
            )
        return [one]
    if not app:
        raise UserError("Please specify an app, or a container with --container")
    return runs_of(host, host.store.require_app(app))


@group.command("logs", permission="app:read")
def logs(
    host: Host,
    app: Annotated[AppName | None, Arg("app")] = None,
    *,
    container: Container = None,
    num: Annotated[Count, Opt("--num", "-n", help="Number of lines per container")] = 100,
    tail: Annotated[bool, Opt("--tail", "-t", help="Follow: print new lines as they arrive")] = False,
    quiet: Annotated[bool, Opt("--quiet", "-q", help="Leave out the time and the name of the container")] = False,
) -> CommandResult | int:
    """Print the output of one-off containers."""
    from dokkupy_run.output import follow, past

    quiet = quiet or getattr(host.out, "quiet", False)
    found = chosen(host, app, container)
    if tail:
        for line in follow(host, found, num):
            sys.stdout.write(shown(line, quiet=quiet) + "\n")
            sys.stdout.flush()
        return 0
    lines = past(host, found, num)
    rows = [{"name": line.name, "timestamp": line.at, "line": line.text} for line in lines]
    none = "They have printed nothing" if found else f"No one-off container{f' of {app}' if app else ''} is running"
    return CommandResult(rows, lines_or([shown(line, quiet=quiet) for line in lines], none))


def shown(line: Line, *, quiet: bool) -> str:
    from dokkupy_sdk.cli import harmless

    text = harmless(line.text)
    return text if quiet else f"{line.at} app[{line.dyno}]: {text}"


@group.command("stop", permission="app:write", mutating=True)
def stop(
    host: Host, app: Annotated[AppName | None, Arg("app")] = None, *, container: Container = None
) -> CommandResult:
    """Stop and remove one-off containers."""
    from dokkupy_run.oneoff import end_run

    found = chosen(host, app, container)
    if not found:
        host.out.warn(f"No one-off container of {app} is running")
    for one in found:
        host.act(f"stop and remove the container {one.name}", lambda: end_run(host, one, "run:stop"))  # noqa: B023
    return CommandResult([one.name for one in found], [f"-----> Stopped {one.name}" for one in found])


@group.command("retire", permission="host:write", hidden=True)
def retire(host: Host, scope: AppOrAll = Scope(is_all=True)) -> CommandResult:  # noqa: B008
    """Remove one-off containers that have ended, and end those that reached their time limit."""
    from dokkupy_run.oneoff import retire_runs

    gone = retire_runs(host, scope.app)
    return CommandResult(gone, [f"-----> Removed {name}" for name in gone])


def pairs(words: list[str]) -> tuple[tuple[str, str], ...]:
    found = []
    for word in words:
        key, mark, value = word.partition("=")
        if not mark:
            raise UserError("--env takes KEY=VALUE")
        found.append((key, value))
    return tuple(found)
