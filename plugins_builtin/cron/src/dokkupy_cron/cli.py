"""`cron:*` (reference, section 1.9)."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt, Scope
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName, Count
from dokkupy_sdk.state import PropertiesFile

from dokkupy_cron.names import RunId, TaskId
from dokkupy_cron.settings import BEYOND, SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dokkupy_sdk.operation import Transaction

group = Group("cron", "Scheduled tasks of apps")

App = Annotated[AppName, Arg("app")]
Id = Annotated[TaskId, Arg("cron_id")]


def facts(host: Host, app: AppName | None) -> dict[str, Any]:
    """The lines of the report besides the properties."""
    from dokkupy_cron.tasks.task import MAINTENANCE, tasks_of

    tasks = tasks_of(host, app)
    own = host.store.load(PropertiesFile, app, "cron").properties
    shared = host.store.load(PropertiesFile, None, "cron").properties
    said = {name: value for name, value in own.items() if name.startswith(MAINTENANCE)}
    return {
        "task-count": str(len(tasks)),
        **{name: shared.get(name, "") for name, prop in SETTINGS.properties.items() if prop.scope == "global"},
        **{f"maintenance-{name.removeprefix(MAINTENANCE)}": value for name, value in said.items()},
    }


def after_set(tx: Transaction, app: AppName | None, name: str) -> None:
    from dokkupy_cron.tasks.change import follow_setting

    follow_setting(tx, app, name)


add_property_commands(group, SETTINGS, extra=facts, on_set=after_set, beyond=BEYOND)
set_declared = group.commands["set"].function


@group.command("set", permission="app:write", mutating=True, secret_args=2)
def set_property(
    host: Host,
    scope: Scope,
    name: Annotated[str, Arg("property", "A property, or task.NAME for a task of your own")] = "",
    value: Annotated[
        list[str], Arg("value", "New value, or a task's schedule and command; without one, it is unset")
    ] = [],  # noqa: B006
) -> None:
    """Set or unset a property, or a task: `cron:set APP task.NAME "30 3 * * * COMMAND"`.

    cron:set blog task.nightly '30 3 * * * python report.py'
    """
    from dokkupy_cron.tasks.change import set_task
    from dokkupy_cron.tasks.task import SET

    if not name.startswith(SET):
        set_declared(host, scope, name, value)
        return
    app, text = only(host, scope), " ".join(value)
    set_task(host, app, TaskId(name.removeprefix(SET)), text)
    host.out.header(f"{'Setting' if text else 'Unsetting'} {name}")


@group.command("list", permission="app:read")
def list_tasks(host: Host, scope: Scope) -> CommandResult:
    """List the scheduled tasks of an app, or the host's own."""
    from dokkupy_sdk.table import listing, plain

    from dokkupy_cron.lines import DOKKU_TASKS, TASKS, task_cells, task_row
    from dokkupy_cron.tasks.task import tasks_of

    app = only(host, scope)
    tasks = tasks_of(host, app).values()
    cells = [task_cells(one) for one in tasks]
    return listing(
        [task_row(one) for one in tasks],
        TASKS,
        cells,
        elsewhere=plain(DOKKU_TASKS, cells),
        empty=f"{app or 'The host'} has no scheduled task",
    )


@group.command("run", permission="app:write", mutating=True)
def run_task(
    host: Host,
    app: App,
    cron_id: Id,
    *,
    detach: Annotated[bool, Opt("--detach", help="Print the id of the run and do not wait for its end")] = False,
    ttl_seconds: Annotated[
        int, Opt("--ttl-seconds", help="Seconds after which the task is ended; if not given, the property time-limit")
    ] = 0,
) -> CommandResult:
    """Run a task now, print its output and exit with its status."""
    from dokkupy_cron.runs.by_hand import run_now

    if ttl_seconds < 0:
        raise UserError(f"--ttl-seconds {ttl_seconds} is not a number of seconds from 1")
    return run_now(host, app, cron_id, detach=detach, limit=ttl_seconds)


@group.command("suspend", permission="app:write", mutating=True)
def suspend(host: Host, app: App, cron_id: Id) -> CommandResult:
    """Suspend a task: no scheduled run starts until it is resumed."""
    return switched(host, app, cron_id, suspended=True)


@group.command("resume", permission="app:write", mutating=True)
def resume(host: Host, app: App, cron_id: Id) -> CommandResult:
    """Resume a task: its scheduled runs start again."""
    return switched(host, app, cron_id, suspended=False)


def switched(host: Host, app: AppName, cron_id: TaskId, *, suspended: bool) -> CommandResult:
    from dokkupy_cron.tasks import change
    from dokkupy_cron.tasks.task import require_task

    task = require_task(host, app, cron_id)
    change.suspend(host, task, suspended=suspended)
    if not host.dry_run:
        host.out.section(f"{'Suspended' if suspended else 'Resumed'} the task {cron_id} of {app}")
        if task.in_maintenance and not suspended:
            host.out.warn(
                f"The task does not run while the app is in maintenance. To end that: cron:set {app} maintenance false"
            )
    return CommandResult({"app": app, "id": cron_id, "maintenance": suspended})


@group.command("history", permission="app:read")
def history(
    host: Host,
    scope: Scope,
    cron_id: Annotated[TaskId | None, Arg("cron_id")] = None,
    *,
    num: Annotated[Count, Opt("--num", "-n", help="Number of runs")] = 20,
    output: Annotated[bool, Opt("--output", help="Print the last lines of each run too")] = False,
) -> CommandResult:
    """List the runs that ended: when, how long they took, their status; for one task also its last lines."""
    import time

    from dokkupy_sdk.table import listing

    from dokkupy_cron.lines import OUTCOMES, RUNS, run_cells, run_row, with_output
    from dokkupy_cron.runs.history import history_of

    rows = history_of(host, only(host, scope), cron_id or "")
    rows = rows[max(0, len(rows) - num) :]
    cells = [run_cells(task, row, time.time()) for task, row in rows]
    answer = listing(
        [run_row(task, row) for task, row in rows], RUNS, cells, styles=OUTCOMES, empty="No run has ended yet"
    )
    if rows and (output or cron_id is not None):
        answer.text = with_output(answer.text, [row for _, row in rows])
    return answer


@group.command("run-due", permission="host:write", mutating=True, hidden=True)
def run_due(host: Host) -> CommandResult:
    """Start due tasks and watch running ones; the timer calls this."""
    from dokkupy_cron.runs import due
    from dokkupy_cron.schedule.clock import Clock
    from dokkupy_cron.stored import subject_name

    if host.dry_run:
        from dokkupy_cron.tasks.index import waiting

        host.plan.extend(f"start or end the tasks of {subject_name(app)}" for app in waiting(host, Clock()))
        return CommandResult()
    lines = due.run_due(host, Clock())
    return CommandResult(lines, [f"-----> {line}" for line in lines], recorded=bool(lines))


@group.command("run-command", permission="host:write", mutating=True, hidden=True)
def run_command(host: Host, run: Annotated[RunId, Arg("run", "Id of the run")]) -> None:
    """Run a claimed run of the host's own tasks; `cron:run-due` starts this process."""
    from dokkupy_cron.runs.host_command import run_claimed
    from dokkupy_cron.schedule.clock import Clock

    host.act(f"run {run}, which the timer has started", lambda: run_claimed(host, run, Clock()))


def only(host: Host, scope: Scope) -> AppName | None:
    """The app that was named, None for --global."""
    if scope.is_global:
        return None
    if scope.app is None:
        raise UserError("Please specify an app, or --global for the tasks of the host's own")
    return host.store.require_app(scope.app)
