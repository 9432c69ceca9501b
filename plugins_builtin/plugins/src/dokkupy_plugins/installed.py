"""Listing, disabling and enabling plugins. `install.py` installs and removes them."""

from __future__ import annotations

import re

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, NotFound, PluginError
from dokkupy_sdk.many import over_each
from dokkupy_sdk.names import AppName, PluginName
from dokkupy_sdk.operation import messages, operation
from dokkupy_sdk.registry import CORE, Registry, conflicts, summary
from dokkupy_sdk.state import PluginsFile, PropertiesFile
from dokkupy_sdk.state_files import services
from dokkupy_sdk.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = (CORE, "dokkupy-sdk", "dokkupy", "dokkupy-plugins")
"""Distributions that cannot be removed or disabled, because this plugin runs on them."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plugin. status: enabled, disabled or broken; reason: why it is broken. source: what it was
    installed from, empty when it came with the host."""

    name: str
    distribution: str
    version: str
    status: str
    reason: str
    summary: str
    source: str


def plugins(host: Host) -> list[Plugin]:
    """Every installed plugin, by name; each is loaded, to find out whether it works."""
    off = set(disabled(host))
    sources = host.store.load(PluginsFile).sources
    everything = Registry(host.registry.all)
    taken = {
        second.plugin: f"{second.group.removeprefix('dokkupy.')} {second.name} is taken by {first.distribution}"
        for first, second in conflicts(everything)
    }
    found = []
    for entry in {one.distribution: one for one in everything.all if one.distribution != CORE}.values():
        reason = "" if entry.plugin in off else taken.get(entry.plugin) or fault_of(host, entry.distribution)
        status = "disabled" if entry.plugin in off else "broken" if reason else "enabled"
        found.append(
            Plugin(
                entry.plugin,
                entry.distribution,
                entry.version,
                status,
                reason,
                summary(entry.directory),
                sources.get(entry.distribution, ""),
            )
        )
    return sorted(found, key=lambda plugin: plugin.name)


def fault_of(host: Host, distribution: str) -> str:
    """Why a plugin does not load; empty when it does."""
    registry = host.registry
    try:
        for entry in registry.entries:
            if entry.distribution == distribution:
                registry.load(entry)
    except PluginError as fault:
        return fault.message
    plugin = next((entry.plugin for entry in registry.entries if entry.distribution == distribution), "")
    quarantined = host.hooks.quarantined.get(plugin)
    return quarantined.message if quarantined else ""


def require_plugin(host: Host, name: PluginName) -> str:
    """The distribution of an installed plugin. Raises NotFound, and Conflict for a distribution that this plugin itself
    runs on."""
    for entry in host.registry.all:
        if entry.plugin == name and entry.distribution not in OURS:
            return entry.distribution
        if entry.plugin == name and entry.distribution != CORE:
            raise Conflict(
                f"{entry.distribution} cannot be changed by plugin:*, because plugin:* runs on it",
                hint="Update the host itself with install.sh",
            )
    raise NotFound(f"Plugin {name} is not installed", hint="List them: plugin:list")


def disabled(host: Host) -> tuple[str, ...]:
    return host.store.load(PluginsFile).disabled


def set_disabled(host: Host, name: PluginName, off: bool) -> bool:
    """Disable or enable a plugin's hooks, commands and roles. Returns whether that changed anything."""
    distribution = require_plugin(host, name)
    if off:
        require_unused(host, name)
        require_unrequired(host, distribution, "disable")
    else:
        require_requirements(host, distribution)
    with operation(host, "plugin:disable" if off else "plugin:enable", "host", takes_away=off) as tx:
        before = disabled(host)
        after = tuple(sorted({*before, str(name)} if off else set(before) - {str(name)}))
        if after != before:
            tx.save(host.store.load(PluginsFile).replace(disabled=after))
    return after != before


def require_unrequired(host: Host, distribution: str, verb: str) -> None:
    """Raise Conflict while something requires this distribution: to `uninstall` it, anything installed; to `disable` it,
    an enabled plugin."""
    known = names_of(host)
    found = [other for other, wants in requirements() if distribution in wants and other != "dokkupy"]
    if verb == "disable":
        found = [other for other in found if other in known and known[other] not in disabled(host)]
    names = sorted(known.get(other, other) for other in found)
    if names:
        raise Conflict(
            f"{', '.join(names)} {'require' if names[1:] else 'requires'} {known.get(distribution, distribution)}",
            hint=f"First: {', '.join(f'plugin:{verb} {name}' for name in names)}",
            code="required",
        )


def require_requirements(host: Host, distribution: str) -> None:
    """Raise Conflict while a plugin that this distribution requires is disabled."""
    known, wanted = names_of(host), dict(requirements()).get(distribution, set())
    names = sorted({known[other] for other in wanted if other in known} & set(disabled(host)))
    if names:
        raise Conflict(
            f"{known.get(distribution, distribution)} requires {', '.join(names)}, which {'are' if names[1:] else 'is'} disabled",
            hint=f"First: {', '.join(f'plugin:enable {name}' for name in names)}",
            code="required",
        )


def names_of(host: Host) -> dict[str, str]:
    """Distribution -> name of each installed plugin."""
    return {entry.distribution: entry.plugin for entry in host.registry.all if entry.distribution not in OURS}


def requirements() -> Iterator[tuple[str, set[str]]]:
    """(distribution, the distributions that it requires), of all installed."""
    from importlib.metadata import distributions

    for one in distributions():
        wants = {
            re.split(r"[^A-Za-z0-9._-]", text)[0].lower().replace("_", "-")
            for text in one.requires or ()
            if "extra ==" not in text
        }
        yield str(one.metadata["Name"]).lower().replace("_", "-"), wants


SELECTIONS = (("builder", "selected"), ("proxy", "type"), ("scheduler", "selected"))
"""Where an app names the adapter of a role: (namespace, property)."""


def require_unused(host: Host, name: str) -> None:
    """Raise Conflict if an app uses an adapter of the plugin, because it could no longer deploy, or if a service is of its
    kind, because nothing would manage it."""
    offered = {
        (entry.group.removeprefix("dokkupy."), entry.name) for entry in host.registry.all if entry.plugin == name
    }
    for kind in sorted(kind for role, kind in offered if role == "datastore"):
        found = [one for one in services(host.store) if one.startswith(f"{kind}:")]
        if found:
            raise Conflict(
                f"The plugin {name} manages {', '.join(found)}",
                hint=f"Destroy them first: {kind}:destroy NAME",
            )
    chosen, unread = over_each(host.store.apps(), lambda app: list(selections(host, app)))
    for app, error in unread:
        host.out.warn(
            f"{app}: {'; '.join(messages(error))}. Therefore it is unknown whether {app} uses the plugin {name}."
        )
    for app, rows in chosen:
        for namespace, prop, value in rows:
            if (namespace, value) in offered:
                raise Conflict(
                    f"App {app} uses the plugin {name}: {namespace}:set {app} {prop} {value}",
                    hint=f"Choose another: {namespace}:set {app} {prop}",
                )


def selections(host: Host, app: AppName) -> Iterator[tuple[str, str, str]]:
    for namespace, prop in SELECTIONS:
        value = host.store.load(PropertiesFile, app, namespace).properties.get(prop)
        if value:
            yield namespace, prop, value
