"""What the state says about the serving release. This module does without the model of releases, because reports and
lists use it."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.state import ReleaseSummary, ServingFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.model import Formation


def release_key(number: int) -> str:
    """The name of a release in the state. Names sort in the order of the numbers."""
    return f"{number:06d}"


def is_deployed(host: Host, app: AppName) -> bool:
    return host.store.find(ServingFile, app) is not None


def release_summaries(host: Host, app: AppName) -> list[tuple[int, ReleaseSummary]]:
    """(number, summary) of all kept releases, newest first."""
    numbers = sorted((int(name) for name in host.store.names("apps", app, "releases") if name.isdigit()), reverse=True)
    found = ((number, host.store.find(ReleaseSummary, app, release_key(number))) for number in numbers)
    return [(number, one) for number, one in found if one is not None]


def serving_summary(host: Host, app: AppName) -> ReleaseSummary | None:
    """The serving release, for reports that show one or two values of it. None if there is none."""
    serving = host.store.find(ServingFile, app)
    return summary_of(host, app, serving) if serving is not None else None


def summary_of(host: Host, app: AppName, serving: ServingFile) -> ReleaseSummary | None:
    return host.store.find(ReleaseSummary, app, release_key(serving.release))


def serving_formation(host: Host, app: AppName) -> Formation:
    """The formation of the serving release, with 0 for its release task. For an app without a release: as it is
    scaled."""
    from dokkupy_apps.desired.formation import RELEASE, WEB, as_scaled, stored_scale, wanted_formation

    serving = host.store.find(ServingFile, app)
    release = summary_of(host, app, serving) if serving is not None else None
    if serving is None or release is None:
        return {WEB: 1, **stored_scale(host, app)}
    tasks = {RELEASE: 0} if RELEASE in release.processes else {}
    if serving.fixed:
        return {**wanted_formation(host, app, release), **tasks}
    return {**as_scaled(host, app, (one for one in release.processes if one != RELEASE)), **tasks}
