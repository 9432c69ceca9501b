"""Whether any setting changed since a release was made, without asking a plugin."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.host import Host
    from dokkupy.model.names import AppName


def state_mark(host: Host, app: AppName) -> str:
    """A digest of all that settings are kept in, the app's and the global ones. A release that has the present one has
    nothing pending, which is known without a plugin."""
    from zlib import crc32

    namespaces = host.registry.group("dokkupy.commands")
    digest = crc32(repr(sorted({(entry.plugin, entry.version) for entry in host.registry.entries})).encode())
    for place in (("apps", str(app)), ("global",)):
        for name in host.store.names(*place):
            if name in namespaces and name not in ("domains", "ports"):
                table = host.store.read(*place, name)
                # The scale and whether it is stopped are in force at once, as names and ports are.
                kept = table.get("properties", {}) if name == "ps" else dict(table)
                digest = crc32(repr((place[0], name, kept)).encode(), digest) if kept else digest
    return f"{digest:08x}"
