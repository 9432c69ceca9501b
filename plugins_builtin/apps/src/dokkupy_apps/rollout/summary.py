"""The last line of a deploy: what is live, where, after how long, and how many requests were lost meanwhile."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.access_log import Traffic, since
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.lines import duration
from dokkupy_sdk.model import Deployment

from dokkupy_apps.desired.formation import WEB, nothing_runs, wanted_formation, web_missing
from dokkupy_apps.releases.records import current, numbers, read_release
from dokkupy_apps.routing.routes import urls, why_unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk.names import AppName


def live_line(deployment: Deployment, urls: Sequence[str], seconds: float, traffic: Traffic | None) -> str:
    """`blog v12 is live: https://blog.apps.example.com      3.4 s, 0 requests lost`."""
    where = f"is live: {urls[0]}" if urls else "is live"
    ended = ", ".join(filter(None, (duration(seconds), lost(traffic))))
    return f"{deployment.app} v{deployment.release.number} {where}      {ended}"


def lost(traffic: Traffic | None) -> str:
    """Of the requests since the switch; empty if they cannot be counted."""
    if traffic is None:
        return ""
    if not traffic.lost:
        return "0 requests lost"
    return f"{traffic.lost} of {traffic.requests} requests lost"


def traffic_of(host: Host, deployment: Deployment) -> Traffic | None:
    """The requests since the switch from older instances; None without any, because then no request could be lost."""
    return since(host, deployment.app, deployment.log_mark) if deployment.retiring else None


def urls_to_say(host: Host, app: AppName, *, lists: bool) -> list[str]:
    """Where the app answers, and a warning why it answers nowhere. lists: prints them as Dokku does, for its clients."""
    if lists:
        host.out.title("Application deployed:")
    try:
        if goes_on_without_web(host, app):
            return []
        reason = idle(host, app) or why_unreachable(host, app)
        found = urls(host, app) if not reason else []
    except DokkupyError as error:  # it is deployed, whatever a plugin cannot say of its certificates
        reason, found = error.message, []
    if reason and lists:
        host.out.warn(reason)
    for url in found if lists else ():
        host.out.detail(url)
    return found


def goes_on_without_web(host: Host, app: AppName) -> bool:
    """Whether it runs no web process and neither did its release before, whose deploy had to say so."""
    release, _ = current(host, app)
    earlier = [number for number in numbers(host, app) if release is not None and number < release.number]
    if release is None or not earlier or not any(release.formation.values()):
        return False
    return not release.formation.get(WEB) and not read_release(host, app, max(earlier)).formation.get(WEB)


def idle(host: Host, app: AppName) -> str:
    """What a deploy has to say of an app that serves nobody, because of its Procfile or formation."""
    release, _ = current(host, app)
    if release is None:
        return ""
    formation = wanted_formation(host, app, release.files, release.processes)
    return "; ".join(filter(None, (nothing_runs(release, formation), web_missing(host, release, formation))))
