"""The last line of a deploy: what is live, at which address, after how long, and how many requests were lost."""

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
    """How many requests were lost since the switch; empty if they cannot be counted."""
    if traffic is None:
        return ""
    if not traffic.lost:
        return "0 requests lost"
    return f"{traffic.lost} of {traffic.requests} requests lost"


def traffic_of(host: Host, deployment: Deployment) -> Traffic | None:
    """The requests since the switch from older instances. None if there were no older instances, because then no
    request could be lost."""
    return since(host, deployment.app, deployment.log_mark) if deployment.retiring else None


def urls_to_say(host: Host, app: AppName, *, lists: bool) -> list[str]:
    """The URLs of the app. If there are none, a warning says why. lists: print them as Dokku does, for its clients."""
    if lists:
        host.out.title("Application deployed:")
    try:
        if goes_on_without_web(host, app):
            return []
        reason = idle(host, app) or why_unreachable(host, app)
        found = urls(host, app) if not reason else []
    except DokkupyError as error:  # the deploy succeeded, even if a plugin cannot say which certificates there are
        reason, found = error.message, []
    if reason and lists:
        host.out.warn(reason)
    for url in found if lists else ():
        host.out.detail(url)
    return found


def goes_on_without_web(host: Host, app: AppName) -> bool:
    """Whether neither this release nor the one before runs a web process. Then the earlier deploy already printed the
    warning."""
    release, _ = current(host, app)
    earlier = [number for number in numbers(host, app) if release is not None and number < release.number]
    if release is None or not earlier or not any(release.formation.values()):
        return False
    return not release.formation.get(WEB) and not read_release(host, app, max(earlier)).formation.get(WEB)


def idle(host: Host, app: AppName) -> str:
    """The warning of a deploy if its Procfile or formation leaves the app without a web process."""
    release, _ = current(host, app)
    if release is None:
        return ""
    formation = wanted_formation(host, app, release)
    return "; ".join(filter(None, (nothing_runs(release, formation), web_missing(host, release, formation))))
