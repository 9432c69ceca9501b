"""Volumes of an app that are missing from the engine, for example after `docker system prune -af --volumes` while the
app was stopped.

The engine would make an empty one of that name, and the app would start without its data.
"""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import StateError
from dokkupy_sdk.model import Finding

from dokkupy_docker.options.translate import body_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dokkupy_sdk.diagnosis import Cause
    from dokkupy_sdk.model import Release
    from dokkupy_sdk.names import AppName


def named(release: Release) -> set[str]:
    """The names of the volumes that the instances of a release mount."""
    found = set()
    for process in release.processes:
        host = body_of(release.deploy_options(process))["HostConfig"]
        found |= {bind.partition(":")[0] for bind in host.get("Binds") or () if ":" in bind}
        found |= {str(one.get("Source", "")) for one in host.get("Mounts") or () if one.get("Type") == "volume"}
    return {name for name in found if name and not name.startswith("/")}


def lost(serving: Release | None, present: Iterable[str]) -> list[str]:
    """The volumes of the serving release that are missing. Pure."""
    return sorted(named(serving) - {*present}) if serving is not None else []


def require_present(host: Host, serving: Release | None, wanted: Release) -> None:
    """Raise StateError if the app requires a volume that it had before and that is missing now."""
    names = named(wanted)
    if not names:
        return
    gone = [name for name in lost(serving, host.volumes().find_all({})) if name in names]
    if gone:
        raise StateError(text(gone[0], wanted.app), hint=remedy(gone[0], wanted.app))


def text(name: str, app: AppName) -> str:
    return f"The volume {name} of {app} is gone from the engine, and {app} would start with an empty one"


def remedy(name: str, app: AppName) -> str:
    return f"Restore it: backups:restore app:{app}; or start with an empty one: docker volume create {name}"


def causes(host: Host, app: AppName) -> Iterator[Cause]:
    """The findings of missing volumes, which prevent stopped apps from starting."""
    from dokkupy_apps.releases.records import current
    from dokkupy_sdk.diagnosis import FACT, Cause

    serving = current(host, app)[0]
    if serving is not None and named(serving):
        for name in lost(serving, host.volumes().find_all({})):
            yield Cause(text(name, app), (remedy(name, app),), sure=FACT)


def findings(host: Host) -> Iterator[Finding]:
    from dokkupy_apps.releases.records import current

    serving = [(app, current(host, app)[0]) for app in host.store.apps()]
    if not any(release is not None and named(release) for _, release in serving):
        return
    present = host.volumes().find_all({})
    for app, release in serving:
        for name in lost(release, present):
            text = f"{app}: its volume {name} is missing from the engine, so {app} is not started with an empty one"
            yield Finding("volumes", "error", text, f"backups:restore app:{app}")
