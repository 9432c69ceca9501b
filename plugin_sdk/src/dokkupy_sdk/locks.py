"""Locks for subjects that belong to no single app, such as the proxy's configuration."""

from __future__ import annotations

from dokkupy.kernel.locks import Lock, describe, holder, take

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["MAINTENANCE", "Lock", "describe", "holder", "is_maintenance", "take"]

MAINTENANCE = ("tick", "recover")
"""The commands that the timer runs, by which they are the holders of locks."""


def is_maintenance(living: Mapping[str, Any]) -> bool:
    """Whether the holder of a lock (see `holder`) is the timer or a recovery, which work on a subject for seconds."""
    return str(living.get("command", "")).partition(" ")[0] in MAINTENANCE
