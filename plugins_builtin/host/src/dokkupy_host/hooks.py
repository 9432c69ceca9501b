"""The timer jobs of the host itself."""

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

    return [
        Job("rotate-audit", 600, "dokkupy_host.audit.rotation:rotate"),
        Job("look-at-state", 600, "dokkupy_host.state.check:look"),
    ]


@hookimpl
def resolve_unavailable(host: Host, app: AppName) -> str | None:
    from dokkupy_host.supervise.watched import web_has_crashed

    return "crashed" if web_has_crashed(host, app) else None
