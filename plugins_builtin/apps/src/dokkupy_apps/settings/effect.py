"""When a change of an app's state takes effect: at once, through the proxy, or with a later command.

A change is pending while the state differs from the serving release, because the instances run with what the release
recorded.
"""

from __future__ import annotations

import os

from dokkupy_sdk.errors import StateError
from dokkupy_sdk.settings import RESTART, Applies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName
    from dokkupy_sdk.settings import Settings


def has_deployment(host: Host, app: AppName | None) -> bool:
    """Whether the app (None: any app) is deployed. A broken record counts as deployed."""
    apps = [app] if app is not None else host.store.apps()
    return any(os.path.exists(host.store.path("apps", one, "deployment")) for one in apps)


def announce_effect(host: Host, app: AppName | None, applies: Applies = RESTART) -> None:
    """Print which command makes a change take effect; nothing if it is in effect already, or if no app is deployed."""
    if applies.moment and has_deployment(host, app) and not getattr(host.out, "quiet", False):
        command = applies.command.replace("{app}", app or "--all")
        host.out.detail(f"takes effect with {applies.moment}" + (f"; to apply it now: {command}" if command else ""))


def announce_setting(host: Host, settings: Settings, name: str, app: AppName | None) -> None:
    """Print which command makes a property's new value take effect; nothing if it is in effect already."""
    prop = settings.properties[name]
    if app is None or not prop.is_kept or name in pending_settings(host, app, settings):
        announce_effect(host, app, prop.applies)


def pending_settings(host: Host, app: AppName, settings: Settings) -> dict[str, tuple[str, str]]:
    """Property -> (value in effect, value set), for the properties that the serving release does not have yet.

    Secret properties are never among them, because no release records them.
    """
    from dokkupy_apps.releases.serving import serving_summary

    release = serving_summary(host, app)
    if release is None:
        return {}
    kept = release.settings.get(settings.namespace, {})
    found = {}
    try:
        values = settings.all(host.store, app)
    except StateError as fault:  # another property is invalid; the deploy will refuse it
        host.out.warn(f"{fault.message}. {fault.hint}")
        return {}
    for name, value in values.items():
        prop = settings.properties[name]
        in_force = kept.get(name) or prop.default.replace("{app}", app)
        if prop.is_kept and value != in_force:
            found[name] = (in_force, value)
    return found


def pending_options(host: Host, app: AppName) -> dict[str, str]:
    """Process type -> `options in effect -> options set`, for the types whose instances do not have the set options
    yet."""
    from dokkupy_apps.desired.formation import RELEASE
    from dokkupy_apps.releases.from_state import options
    from dokkupy_apps.releases.records import current

    release, _ = current(host, app)
    found = {}
    if release is None:
        return {}
    for process in (name for name in release.processes if name != RELEASE):
        before, after = release.deploy_options(process), options(host, app, "deploy", process)
        if before != after:
            found[str(process)] = f"{' '.join(before) or 'none'} -> {' '.join(after) or 'none'}"
    return found


__all__ = ["announce_effect", "announce_setting", "pending_options", "pending_settings"]
