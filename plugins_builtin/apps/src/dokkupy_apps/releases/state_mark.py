"""Find out whether any setting changed since a release was made, without a call of any plugin."""

from __future__ import annotations

from dokkupy_sdk.settings import properties_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName

AT_ONCE = {"config", "domains", "ports"}
"""Namespaces whose changes take effect at once, or whose commands themselves print what is pending."""


def state_mark(host: Host, app: AppName, kept: Mapping[str, Collection[str]]) -> str:
    """A digest of all settings that a release keeps, both the app's and the global ones. If the serving release has the
    current digest, nothing is pending. kept: namespace -> the properties that a release keeps. Others take effect at
    once or are facts, such as the branch that git recorded at the first push."""
    from zlib import crc32

    namespaces = host.registry.group("dokkupy.commands").keys() - AT_ONCE
    digest = crc32(repr(sorted({(entry.plugin, entry.version) for entry in host.registry.entries})).encode())
    for place in (("apps", str(app)), ("global",)):
        for name in sorted(namespaces.intersection(host.store.names(*place))):
            table = host.store.read(*place, name)
            properties = properties_of(host.store, None if place == ("global",) else app, name)
            values: dict[str, object] = {key: one for key, one in properties.items() if key in kept.get(name, ())}
            if place != ("global",) and name != "ps":  # tables and lists are options of a plugin; plain text is a fact
                values |= {k: v for k, v in table.items() if k != "properties" and isinstance(v, (dict, list))}
            if values:
                digest = crc32(repr((place[0], name, sorted(values.items()))).encode(), digest)
    return f"{digest:08x}"
