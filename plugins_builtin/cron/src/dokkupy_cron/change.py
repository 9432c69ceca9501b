"""Changes to tasks, each an operation."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction, call, operation
from dokkupy_sdk.settings import properties_of
from dokkupy_sdk.state import PropertiesFile

from dokkupy_cron.index import refresh, refresh_all
from dokkupy_cron.task import MAINTENANCE, Task


def suspend(host: Host, task: Task, *, suspended: bool) -> None:
    """Let a task's firings pass, or be served again from now on."""
    with operation(host, "cron:suspend" if suspended else "cron:resume", f"app:{task.app}") as tx:
        set_property(tx, task.app, MAINTENANCE + task.id, "true" if suspended else "false")
        tx.follow(call(refresh, app=str(task.app or "")))


def set_property(tx: Transaction, app: AppName | None, name: str, value: str) -> None:
    """A property that no declaration names: of one task."""
    own = dict(properties_of(tx.host.store, app, "cron"))
    if value:
        own[name] = value
    else:
        own.pop(name, None)
    tx.save(tx.host.store.load(PropertiesFile, app, "cron").replace(properties=own), app, "cron")


def follow_setting(tx: Transaction, app: AppName | None, name: str) -> None:
    """A setting may change when tasks are due."""
    if name in ("maintenance", "timezone"):
        tx.follow(call(refresh, app=str(app)) if app is not None else call(refresh_all))
