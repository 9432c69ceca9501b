"""What apps have of plugins that are no longer installed or enabled."""

from __future__ import annotations

from collections.abc import Iterator

from dokkupy_apps.releases.from_state import gone_plugins
from dokkupy_apps.releases.records import current
from dokkupy_sdk import Host
from dokkupy_sdk.errors import StateError
from dokkupy_sdk.model import Finding
from dokkupy_sdk.state import PluginsFile, PropertiesFile

SELECTIONS = (("builder", "selected"), ("scheduler", "selected"), ("proxy", "type"))
"""Role, and the property by which an app selects one of its adapters."""


def data_findings(host: Host) -> Iterator[Finding]:
    """The plugins that are gone and of which apps still have data: those that are disabled, and those that served an app when it
    was deployed last. An app that was never deployed may have data of them, too."""
    for plugin in sorted({*host.store.load(PluginsFile).disabled, *served_by(host)} - installed(host)):
        names = [str(app) for app in host.store.apps() if host.store.has_file("apps", app, plugin)]
        if names:
            yield Finding(
                "plugin",
                "warning",
                f"The plugin {plugin} is no longer installed or enabled, and {', '.join(names[:10])} "
                f"{'has' if len(names) == 1 else 'have'} data of it that the next deploy or restart cannot use",
                f"Install or enable it again: ./install.sh, plugin:install NAME or plugin:enable {plugin}",
            )


def installed(host: Host) -> set[str]:
    return {entry.plugin for entry in host.registry.entries}


def served_by(host: Host) -> set[str]:
    found: set[str] = set()
    for app in host.store.apps():
        try:
            serving = current(host, app)[0]
        except StateError:
            continue  # the check of the state reports it
        found.update(gone_plugins(host, serving) if serving is not None else ())
    return found


def selection_findings(host: Host) -> Iterator[Finding]:
    """The builders, schedulers and proxies that apps selected and that no plugin offers any more."""
    for role, name in SELECTIONS:
        offered = set(host.registry.group(f"dokkupy.{role}"))
        apps: dict[str, list[str]] = {}
        for app in (None, *host.store.apps()):
            try:
                chosen = host.store.load(PropertiesFile, app, role).properties.get(name, "")
            except StateError:
                continue
            if chosen and str(chosen) not in offered:
                apps.setdefault(str(chosen), []).append(str(app or "--global"))
        for chosen, names in sorted(apps.items()):
            yield Finding(
                role,
                "error",
                f"No plugin offers the {role} {chosen}, which {', '.join(names[:10])} selected: that cannot be deployed",
                f"Install or enable its plugin again, or: {role}:set {names[0]} {name} "
                f"(one of: {', '.join(sorted(offered)) or 'none is installed'})",
            )
