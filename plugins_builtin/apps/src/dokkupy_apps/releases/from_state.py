"""What a release takes from the app's state: environment, formation, options and settings."""

from __future__ import annotations

from collections.abc import Mapping

from dokkupy_sdk import Host
from dokkupy_sdk import hooks as hookspecs
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Release
from dokkupy_sdk.names import AppName
from dokkupy_sdk.settings import BUILD
from dokkupy_sdk.values import replace

from dokkupy_apps.desired.config import get_env, merged_env
from dokkupy_apps.desired.formation import (
    wanted_formation,
)
from dokkupy_apps.releases.records import current, own_ports
from dokkupy_apps.releases.state_mark import state_mark


def with_state(host: Host, release: Release) -> Release:
    """The release with the environment, formation, options and settings of the app's current state."""
    app = release.app
    wanted = release_settings(host, app, None)
    settings = release_settings(host, app, release.settings) if release.settings else wanted
    kept = kept_properties(host)
    found = {
        "run": options(host, app, "run", "run"),
        **{f"deploy:{process}": options(host, app, "deploy", process) for process in release.processes},
    }
    require_mounts(host, app, found)
    return replace(
        release,
        env=merged_env(host, app),
        own_ports=own_ports(host, app),
        config=get_env(host, app),
        formation=wanted_formation(host, app, release),
        options=found,
        settings=settings,
        mark=state_mark(host, app, kept) if settings == wanted else "",
        kept=kept,
        plugins={entry.plugin: entry.version for entry in host.registry.entries},
    )


MOUNTS = ("--mount", "-v", "--volume")


def require_mounts(host: Host, app: AppName, found: Mapping[str, tuple[str, ...]]) -> None:
    """Raise AppError if the app would start without data that its serving release mounts, because a plugin is gone since:
    it would write to a directory that ends with the container."""
    serving = current(host, app)[0]
    gone = gone_plugins(host, serving) if serving is not None else []
    if serving is None or not gone or host.force:
        return
    lost = {
        word
        for phase, before in serving.options.items()
        for word in before
        if word.startswith(MOUNTS) and word not in found.get(phase, (word,))
    }
    if lost:
        raise AppError(
            f"{app} would start without what it mounts ({', '.join(sorted(lost))[:300]}), because a plugin is no longer "
            f"installed or enabled: {', '.join(gone)}",
            hint="Install or enable it again: ./install.sh, plugin:install NAME or plugin:enable NAME. To start without "
            "the data: --force",
            code="mounts_lost",
        )


def gone_plugins(host: Host, release: Release) -> list[str]:
    """The plugins with which a release was made and that are not installed or enabled any more."""
    return sorted({*release.plugins} - {entry.plugin for entry in host.registry.entries})


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
