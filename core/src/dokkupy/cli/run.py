"""`run` and `run:*`: one-off processes (reference, section 1.26)."""

from __future__ import annotations

import sys
from typing import Annotated

from dokkupy.cli.declare import Answer, Arg, Group, Opt, Rest, Scope
from dokkupy.errors import NotFound, UserError
from dokkupy.kernel.host import Host
from dokkupy.model.names import AppName

group = Group("run", "Run one-off processes inside a container of an app", bare="")

App = Annotated[AppName, Arg("app")]
Env = Annotated[list[str], Opt("--env", "-e", help="KEY=VALUE, for this process alone")]
Words = Annotated[list[str], Rest("command")]


@group.command("", needs="app:write", formats=False, secret_args=1)
def run_command(
    host: Host,
    app: App,
    command: Words = [],  # noqa: B006 - never changed
    *,
    env: Env = [],  # noqa: B006
    no_tty: Annotated[bool, Opt("--no-tty")] = False,
    force_tty: Annotated[bool, Opt("--force-tty")] = False,
    ttl_seconds: Annotated[int, Opt("--ttl-seconds")] = 86400,
) -> int:
    """Run a command in a new container of the serving release; its exit status is ours."""
    from dokkupy.usecases.oneoff import run_attached

    tty = force_tty or (not no_tty and sys.stdin.isatty() and sys.stdout.isatty())
    return run_attached(host, app, command, env=pairs(env), tty=tty)


@group.command("detached", needs="app:write", changes=True, secret_args=1)
def detached(
    host: Host,
    app: App,
    command: Words = [],  # noqa: B006
    *,
    env: Env = [],  # noqa: B006
    ttl_seconds: Annotated[int, Opt("--ttl-seconds")] = 86400,
) -> Answer:
    """Run a command in the background and print the container's name."""
    from dokkupy.usecases.oneoff import run_detached

    name = run_detached(host, app, command, env=pairs(env))
    return Answer({"app": app, "name": name}, [name])


@group.command("list", needs="app:read")
def list_runs(host: Host, app: App) -> Answer:
    """List the one-off containers of an app."""
    from dokkupy.usecases.oneoff import runs_of

    rows = [
        {"name": c.name, "state": c.state, "command": " ".join(c.command), "created_at": c.created_at}
        for c in runs_of(host, host.store.need_app(app))
    ]
    columns = [f"{'NAMES':<30} {'COMMAND':<40} CREATED"] if rows else []
    lines = [f"{row['name']:<30} {row['command'][:40]:<40} {row['created_at']}" for row in rows]
    return Answer(rows, lines, header=f"{app} run containers", columns=columns)


def named(host: Host, app: AppName | None, container: str) -> list[str]:
    from dokkupy.usecases.oneoff import run_of, runs_of

    if container:
        return [run_of(host, container).name]
    if not app:
        raise UserError("Please specify an app, or a container with --container")
    return [one.name for one in runs_of(host, host.store.need_app(app))]


@group.command("logs", needs="app:read")
def logs(
    host: Host,
    app: Annotated[AppName | None, Arg("app")] = None,
    *,
    container: Annotated[str, Opt("--container")] = "",
    num: Annotated[int, Opt("--num", "-n")] = 100,
) -> Answer:
    """Print what one-off containers printed."""
    from dokkupy.cli.output import harmless

    rows = [
        {"name": name, "line": harmless(line.decode(errors="replace"))}
        for name in named(host, app, container)
        for _, line in host.engine().logs(name, tail=num)
    ]
    return Answer(rows, [row["line"] for row in rows])


@group.command("stop", needs="app:write", changes=True)
def stop(
    host: Host, app: Annotated[AppName | None, Arg("app")] = None, *, container: Annotated[str, Opt("--container")] = ""
) -> Answer:
    """Stop and remove one-off containers."""
    names = named(host, app, container)
    if not names and container:
        raise NotFound(f"Container {container} does not exist")
    for name in names:
        host.act(f"stop and remove the container {name}", lambda: end_run(host, name))  # noqa: B023
    return Answer(names, [f"-----> Stopped {name}" for name in names])


def end_run(host: Host, name: str) -> None:
    host.engine().stop(name, timeout=10)
    host.engine().remove(name)


@group.command("retire", needs="host:write", hidden=True)
def retire(host: Host, scope: Scope = Scope(is_all=True)) -> Answer:  # noqa: B008
    """Remove one-off containers that ended."""
    from dokkupy.usecases.oneoff import retire_runs

    gone = retire_runs(host, scope.app)
    return Answer(gone, [f"-----> Removed {name}" for name in gone])


def pairs(words: list[str]) -> list[tuple[str, str]]:
    found = []
    for word in words:
        key, mark, value = word.partition("=")
        if not mark:
            raise UserError("--env takes KEY=VALUE")
        found.append((key, value))
    return found
