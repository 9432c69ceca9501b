"""What a release takes from the app's state: environment, formation, options and settings."""

from __future__ import annotations

from collections.abc import Mapping

from dokkupy_sdk import Host
from dokkupy_sdk import hooks as hookspecs
from dokkupy_sdk.model import Release
from dokkupy_sdk.names import AppName
from dokkupy_sdk.settings import BUILD
from dokkupy_sdk.values import replace

from dokkupy_apps.desired.config import get_env, merged_env
from dokkupy_apps.desired.formation import (
    wanted_formation,
)
from dokkupy_apps.releases.records import (
    own_ports,
)
from dokkupy_apps.releases.state_mark import state_mark


def with_state(host: Host, release: Release) -> Release:
    """The release with the environment, formation, options and settings of the app's current state."""
    app, files = release.app, release.files
    wanted = release_settings(host, app, None)
    settings = release_settings(host, app, release.settings) if release.settings else wanted
    kept = kept_properties(host)
    return replace(
        release,
        env=merged_env(host, app),
        own_ports=own_ports(host, app),
        config=get_env(host, app),
        formation=wanted_formation(host, app, files, release.processes),
        options={
            "run": options(host, app, "run", "run"),
            **{f"deploy:{process}": options(host, app, "deploy", process) for process in release.processes},
        },
        settings=settings,
        mark=state_mark(host, app, kept) if settings == wanted else "",
        kept=kept,
        plugins={entry.plugin: entry.version for entry in host.registry.entries},
    )


def options(host: Host, app: AppName, phase: str, process: str) -> tuple[str, ...]:
    facts = host.hooks.gather(hookspecs.container_options, host=host, app=app, phase=phase, process=process)
    return tuple(word for _, word in facts)


def release_settings(
    host: Host, app: AppName, built: Mapping[str, Mapping[str, str]] | None
) -> Mapping[str, Mapping[str, str]]:
    """namespace -> property -> effective value, for the properties that a release keeps; empty ones are left out.

    built: the settings of the release whose image is used again, because properties of the build keep the values with
    which it was built. None: the image is new.
    """
    found: dict[str, dict[str, str]] = {}
    for entry in host.registry.group("dokkupy.settings").values():
        settings = host.registry.load(entry)
        values = settings.all(host.store, app)
        shaping = {name: values[name] for name, p in settings.properties.items() if p.is_kept and values[name]}
        if built is not None:
            old = built.get(settings.namespace, {})
            fixed = {name for name, p in settings.properties.items() if p.applies is BUILD}
            shaping = {name: value for name, value in shaping.items() if name not in fixed}
            shaping.update({name: value for name, value in old.items() if name in fixed})
        if shaping:
            found[settings.namespace] = shaping
    return found


def kept_properties(host: Host) -> dict[str, tuple[str, ...]]:
    """namespace -> the properties that a release keeps, set or not."""
    declared = [host.registry.load(entry) for entry in host.registry.group("dokkupy.settings").values()]
    found = {one.namespace: tuple(n for n, prop in one.properties.items() if prop.is_kept) for one in declared}
    return {namespace: names for namespace, names in found.items() if names}
