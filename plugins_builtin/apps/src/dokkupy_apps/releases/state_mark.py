"""Find out whether any setting changed since a release was made, without a call of any plugin."""

from __future__ import annotations

from dokkupy_sdk.records import Record
from dokkupy_sdk.settings import properties_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName
    from dokkupy_sdk.state import ReleaseSummary, ServingFile

AT_ONCE = {"config", "domains", "ports"}
"""Namespaces whose changes take effect at once, or whose commands themselves print what is pending."""


class UnchangedFile(Record, file="global/unchanged"):
    """The deployments that another version of a plugin made, and for which nothing is pending with the current ones.

    plugins: `plugins_mark` of these. kept: namespace -> the properties that they keep in a release. marks: id of a
    deployment -> its `state_mark` at the time.
    """

    derived = "*"

    plugins: str = ""
    kept: Mapping[str, tuple[str, ...]] = {}
    marks: Mapping[str, str] = {}


def state_mark(host: Host, app: AppName, kept: Mapping[str, Collection[str]]) -> str:
    """A digest of all settings that a release keeps, both the app's and the global ones. If the serving release has the
    current digest, nothing is pending. kept: namespace -> the properties that a release keeps. Others take effect at
    once or are facts, such as the branch that git recorded at the first push."""
    from zlib import crc32

    namespaces = host.registry.group("dokkupy.commands").keys() - AT_ONCE
    digest = int(plugins_mark(host), 16)
    for place, owner in ((("apps", str(app)), app), (("global",), None)):
        names = namespaces.intersection(host.store.names(*place))
        for name in sorted(names if owner else names.intersection(kept)):
            values: dict[str, object] = {}
            if name in kept:
                properties = properties_of(host.store, owner, name)
                values = {key: one for key, one in properties.items() if key in kept[name]}
            if owner and name != "ps":  # tables and lists are options of a plugin; plain text is a fact
                table = host.store.read(*place, name)
                values |= {k: v for k, v in table.items() if k != "properties" and isinstance(v, (dict, list))}
            if values:
                digest = crc32(repr((place[0], name, sorted(values.items()))).encode(), digest)
    return f"{digest:08x}"


def plugins_mark(host: Host) -> str:
    """A digest of the plugins and their versions: another version may have other defaults, or other options for the same
    settings."""
    from zlib import crc32

    return f"{crc32(repr(sorted({(entry.plugin, entry.version) for entry in host.registry.entries})).encode()):08x}"


def may_be_pending(host: Host, app: AppName, serving: ServingFile, release: ReleaseSummary) -> bool:
    """Whether only the plugins can say what is pending, because a setting or a plugin is another than at the deploy."""
    if release.mark == state_mark(host, app, release.kept):
        return False
    noted = host.store.load_derived(UnchangedFile)
    return serving.id not in noted.marks or noted.marks[serving.id] != state_mark(host, app, noted.kept)
