"""Completion of tasks and their runs (entry-point group `dokkupy.completers`)."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed
from dokkupy_sdk.names import AppName


def tasks(host: Host, typed: Typed) -> list[str]:
    from dokkupy_cron.tasks.task import tasks_of

    return list(tasks_of(host, AppName(typed.app) if typed.app else None)) if typed.app or typed.is_global else []
