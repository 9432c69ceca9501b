"""Variables by which Dokku once was configured: it has commands for them now, and here they are variables like others.

A plugin names those of its own namespace in the entry-point group `dokkupy.legacy_env`: a table of a regular expression,
matched whole, to the command that replaces the variable (or, without a colon, why nothing does).
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
"""What a link to a service sets (reference, section 6): it has its effect in the app."""


def legacy_lines(host: Host, app: AppName | None, keys: Iterable[str]) -> list[str]:
    """A line for each variable that was Dokku's and does nothing here, with what replaces it."""
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
