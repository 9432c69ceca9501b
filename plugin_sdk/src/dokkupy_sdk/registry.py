"""The installed plugins: what each offers, and whether it loads."""

from __future__ import annotations

from dokkupy.kernel.discovery import CORE, EntryPoint, entry_points, plugin_name
from dokkupy.kernel.hooks import GROUP, Hooks
from dokkupy.kernel.registry import Registry

from dokkupy_sdk.help import summary

__all__ = ["CORE", "Hooks", "Registry", "conflicts", "entry_points", "plugin_name", "summary"]


def conflicts(registry: Registry) -> list[tuple[EntryPoint, EntryPoint]]:
    """Pairs of entries of different distributions that claim the same name in the same group."""
    seen: dict[tuple[str, str], EntryPoint] = {}
    pairs = []
    for entry in registry.entries:
        if entry.group == GROUP:
            continue  # any number of plugins may implement hooks, and the name means nothing
        other = seen.setdefault((entry.group, entry.name), entry)
        if other.distribution != entry.distribution:
            pairs.append((other, entry))
    return pairs
