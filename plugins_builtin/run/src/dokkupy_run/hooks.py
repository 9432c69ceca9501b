"""Ended one-off containers are removed: by the timer, and by `cleanup`."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.model import Job
    from dokkupy_sdk.names import AppName


@hookimpl
def scheduled_jobs(host: Host) -> Iterable[Job]:
    from dokkupy_sdk.model import Job

    return [Job("retire", 0, "dokkupy_run.oneoff:retire_runs")]  # every tick: a time to live is in seconds


@hookimpl(optionalhook=True)  # another plugin's hook, and that may not be installed
def cleanup_changes(host: Host, app: AppName | None) -> Iterable[str]:
    from dokkupy_run.oneoff import retire_runs

    return retire_runs(host, app)
