"""The timer and `cleanup` remove one-off containers that have ended."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.disk import Reclaimable
    from dokkupy_sdk.model import Job
    from dokkupy_sdk.names import AppName


@hookimpl
def scheduled_jobs(host: Host) -> Iterable[Job]:
    from dokkupy_sdk.model import Job

    return [Job("retire", 0, "dokkupy_run.oneoff:retire_runs")]  # at every tick, because a time to live is in seconds


@hookimpl(optionalhook=True)  # the hook is specified by dokkupy-disk, which may not be installed
def reclaimable(host: Host, app: AppName | None) -> Iterable[Reclaimable]:
    from dokkupy_run.oneoff import ended_runs

    return ended_runs(host, app)
