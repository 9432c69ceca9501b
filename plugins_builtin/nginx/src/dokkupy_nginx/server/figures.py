"""Requests a minute and their time, for `ps`, from the end of each app's access log."""

from __future__ import annotations

from dokkupy_sdk.access_log import access_log
from dokkupy_sdk.figures import Figure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName

HEADS = (("requests_per_minute", "REQ/MIN"), ("p95_seconds", "P95"))
SECONDS = 60.0


def figures(host: Host, apps: Sequence[AppName]) -> Iterator[Figure]:
    """Of the apps that nginx serves."""
    for app in apps:
        if host.proxy_name(app) != "nginx":
            continue
        log = access_log(host, app)
        traffic = log.recent(app, SECONDS) if log is not None else None
        if traffic is not None:
            yield Figure(app, "requests_per_minute", traffic.requests)
            if traffic.p95 is not None:
                yield Figure(app, "p95_seconds", traffic.p95)
