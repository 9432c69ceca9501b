"""Changes to tasks, each an operation."""

from __future__ import annotations

from dokkupy_app_json.reader import MAX_TASKS
from dokkupy_sdk import Host
from dokkupy_sdk.entry import resolve
from dokkupy_sdk.errors import NotFound, UserError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction, call, operation
from dokkupy_sdk.settings import properties_of
from dokkupy_sdk.state import PropertiesFile

from dokkupy_cron.tasks.index import refresh, refresh_all
from dokkupy_cron.tasks.task import MAINTENANCE, SET, Task, entry_of, set_tasks, tasks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def suspend(host: Host, task: Task, *, suspended: bool) -> None:
    """Suspend a task, or resume it from now on."""
    with operation(host, "cron:suspend" if suspended else "cron:resume", f"app:{task.app}") as tx:
        set_property(tx, task.app, MAINTENANCE + task.id, "true" if suspended else "false")
        tx.follow(call(refresh, app=str(task.app or "")))


def set_property(tx: Transaction, app: AppName | None, name: str, value: str) -> None:
    """A property of one task, which no declaration lists."""
    own = dict(properties_of(tx.host.store, app, "cron"))
    if value:
        own[name] = value
    else:
        own.pop(name, None)
    tx.save(tx.host.store.load(PropertiesFile, app, "cron").replace(properties=own), app, "cron")


def set_task(host: Host, app: AppName | None, name: str, text: str) -> None:
    """Create or replace a task, or with an empty text remove it."""
    if text:
        entry = entry_of(text)
        if app is None:
            require_command(host, entry.words)
        if app is not None and len({*tasks_of(host, app), name}) > MAX_TASKS:
            raise UserError(
                f"{app} has {MAX_TASKS} cron tasks, and no app may have more",
                hint=f"Remove one first: cron:set {app} task.NAME, or in app.json. cron:list {app} shows them.",
            )
    elif name not in set_tasks(host, app):
        raise NotFound(f"cron:set has not created a task {name}", hint=f"cron:list {app or '--global'}")
    with operation(host, "cron:set", f"app:{app}" if app is not None else "host", takes_away=not text) as tx:
        set_property(tx, app, SET + name, text)
        tx.follow(call(refresh, app=str(app or "")))


def require_command(host: Host, words: Sequence[str]) -> None:
    """Raise UserError for a command that the host does not schedule: it must be one of dokkupy's own, without secrets
    in its arguments."""
    command, _ = resolve(host, words[0], list(words[1:]))
    if command.root or command.secret_args:
        why = "takes root" if command.root else "may have secrets in its arguments, which a schedule would keep"
        raise UserError(
            f"{command.full_name} cannot be scheduled: it {why}",
            hint="A command inside an app: cron:set APP task.NAME SCHEDULE COMMAND",
        )


def follow_setting(tx: Transaction, app: AppName | None, name: str) -> None:
    """A setting may change when tasks are due."""
    if name in ("maintenance", "timezone"):
        tx.follow(call(refresh, app=str(app)) if app is not None else call(refresh_all))
