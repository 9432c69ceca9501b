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
            if name in namespaces and name not in ("config", "domains", "ports"):
                table = host.store.read(*place, name)
                if place == ("global",) or name == "ps":
                    kept = table.get("properties", {})  # the scale is in force at once, as names and ports are
                else:  # a text or number by itself is a fact, such as the commit that git deployed
                    kept = {key: value for key, value in table.items() if isinstance(value, (dict, list))}
                digest = crc32(repr((place[0], name, kept)).encode(), digest) if kept else digest
    return f"{digest:08x}"
