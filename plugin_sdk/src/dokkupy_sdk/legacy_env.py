"""Variables that once configured Dokku. Dokku has commands for that now, and dokkupy treats them as ordinary variables.

A plugin names those of its namespace in the entry point group `dokkupy.legacy_env`, by a table: regular expression (for
the whole name) -> the command that replaces the variable, or a text without a colon that says why none does.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dokkupy.host import Host
    from dokkupy.model.names import AppName

SUSPECT = re.compile(r"DOKKU_.*|NO_VHOST")
LINKED = re.compile(r"DOKKU_[A-Z0-9_]+_URL")
"""Variables that a link to a service sets (reference, section 6), because they have an effect in the app."""


def legacy_lines(host: Host, app: AppName | None, keys: Iterable[str]) -> list[str]:
    """A line for each of these variables that has no effect here, with the command that replaces it."""
    suspects = [key for key in keys if SUSPECT.fullmatch(key) and not LINKED.fullmatch(key)]
    if not suspects:
        return []
    tables: list[Mapping[str, str]] = [
        host.registry.load(entry) for entry in host.registry.group("dokkupy.legacy_env").values()
    ]
    lines = []
    for key in suspects:
        found = (use for table in tables for pattern, use in table.items() if re.fullmatch(pattern, key))
        use = next(found, "")
        instead = f"; use {use.replace('APP', app or '--global')}" if use else ": no command replaces it"
        lines.append(f"{key} has no effect on the platform{instead}")
    return lines


__all__ = ["legacy_lines"]
