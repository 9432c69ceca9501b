"""Which parts of its scheduled tasks a cloned app gets."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction, call

from dokkupy_cron.runs.history import HistoryFile
from dokkupy_cron.settings import SETTINGS
from dokkupy_cron.stored import CronFile
from dokkupy_cron.tasks.index import refresh


def begin_again(host: Host, app: AppName, tx: Transaction) -> None:
    """Give a clone the settings but not the history, and suspend its tasks until they are resumed."""
    had_tasks = host.store.find(CronFile, app) is not None
    tx.remove(CronFile, app)
    for name in host.store.names("apps", app, "cron-history"):
        tx.remove(HistoryFile, app, name)
    if had_tasks:
        SETTINGS.set(tx, app, "maintenance", "true")
        host.out.warn(f"The cron tasks of {app} do not run until you start them: cron:set {app} maintenance false")
    tx.follow(call(refresh, app=str(app)))
