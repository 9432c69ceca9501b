"""Whether the last build of an app was interrupted. On the start-up path of `why`, so it reads records only if it has to."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName


def interrupted_build(host: Host, app: AppName) -> str:
    """When the last build began, if it neither succeeded nor failed: the host stopped meanwhile, or its process was killed.
    Else empty."""
    directory = host.path("builds", app)
    names = sorted(name for name in os.listdir(directory) if name.endswith(".json")) if os.path.isdir(directory) else []
    if not names or not says_running(os.path.join(directory, names[-1])):
        return ""
    from dokkupy_apps.builds.records import builds_of

    last = next(iter(builds_of(host, app)), None)
    return str(last["started_at"]) if last is not None and last["status"] == "abandoned" else ""


def says_running(path: str) -> bool:
    with open(path, "rb") as file:
        return b'"running"' in file.read()
